import { defineErrors } from '@backplane/base';
import type { SigningAlgorithm } from '@backplane/plugin-api';

export const errors = defineErrors('security', {
  BP_KEY_NOT_FOUND: {
    title: 'A plugin named a key that it does not have.',
    status: 404,
    mend: 'Take the key id from the answer of ensureKey(), or from what was signed.',
    message: (d: { owner: string; keyId: string }) => `Plugin "${d.owner}" has no key "${d.keyId}".`,
  },
  BP_KEY_ALGORITHM: {
    title: 'A key was asked to work with an algorithm it cannot do.',
    status: 400,
    mend: 'Choose one of its algorithms, or another key.',
    message: (d: { keyId: string; algorithm: string; possible: readonly SigningAlgorithm[] }) =>
      `Key "${d.keyId}" cannot do ${d.algorithm}; it can do ${d.possible.join(' and ')}.`,
  },
  BP_KEY_SPEC_MISMATCH: {
    title: 'A key exists under this name, but is of another kind than asked for.',
    status: 409,
    mend: 'Ask for the kind it has, or give the new key another name.',
    message: (d: { owner: string; name: string; asked: string; found: string }) =>
      `Plugin "${d.owner}" asked for ${d.asked} as key "${d.name}", which is ${d.found}.`,
  },
  BP_KEY_SPEC_INVALID: {
    title: 'A key was asked for that cannot be made.',
    status: 400,
    mend: 'Ask for RSA with 2048, 3072 or 4096 bits, or for EC on P-256, P-384 or P-521.',
    message: (d: { owner: string; name: string; asked: string }) =>
      `Plugin "${d.owner}" asked for ${d.asked} as key "${d.name}".`,
  },
  BP_KEY_NAME_INVALID: {
    title: 'A name is not fit for a key or its owner.',
    status: 400,
    mend: 'Use 1 to 63 lower-case letters, digits and hyphens, a letter or digit first.',
    message: (d: { role: 'key' | 'owner'; name: string }) =>
      `${JSON.stringify(String(d.name).slice(0, 100))} cannot be the name of a key${d.role === 'owner' ? "'s owner" : ''}.`,
  },
  BP_KEY_FILE_BROKEN: {
    title: 'A key file does not hold a usable private key.',
    mend: 'Restore the file from a copy. Moving it away makes a new key at the next start, with a new key id.',
    message: (d: { path: string; reason: string }) => `The key file ${d.path} is not usable: ${d.reason}.`,
  },
  BP_SIGN_DATA_INVALID: {
    title: 'What should be signed or verified, or a signature, is not bytes.',
    status: 400,
    mend: 'Give a Uint8Array; for data, an async iterable of them will do too.',
    message: (d: { role: 'data' | 'signature'; found: string }) => `The ${d.role} is ${d.found}, not bytes.`,
  },
  BP_PRIVATE_FILE_EXPOSED: {
    title: 'Others on this machine may read or change a file that must stay private.',
    mend: 'Take the permissions away, and replace what it holds when somebody else may have read it.',
    message: (d: { path: string; mode: string; wanted: string }) =>
      `${d.path} has mode ${d.mode}: run \`chmod ${d.wanted} '${d.path}'\`.`,
  },
  BP_PRIVATE_FILE_UNUSABLE: {
    title: 'A file that must stay private can be neither read nor made.',
    mend: 'Let it be a plain file in a folder that the user of this process may write to, on a disk that has room and hard links.',
    message: (d: { path: string; reason: string }) => `${d.path} is not usable: ${d.reason}.`,
  },
  BP_ADMIN_TOKEN_INVALID: {
    title: 'What should hold the management token holds none that can be used.',
    mend: 'Give 16 or more letters, digits and -._~+/= in one line; without the variable, and with no such file, a token is made.',
    message: (d: { path: string; reason: string }) => `The management token in ${d.path} is refused: ${d.reason}.`,
  },
  BP_MASTER_KEY_INVALID: {
    title: 'What should hold the master key holds none that can be used.',
    mend: 'Give 32 random bytes, as "openssl rand -hex 32" prints them; older keys may follow, one a line.',
    message: (d: { place: string; reason: string }) => `The master key in ${d.place} is refused: ${d.reason}.`,
  },
  BP_KEY_GONE: {
    title: 'A key file is gone, and there is something that only its key opens.',
    mend: 'Put the file back from a copy. To begin with nothing, move away as well what was encrypted with it.',
    message: (d: { path: string; what: string }) => `${d.path} is not there, and nothing else opens ${d.what}.`,
  },
  BP_SECRET_SEALED: {
    title: 'A sealed value cannot be opened.',
    mend: 'Give the master key that it was sealed with, after the newest one. A value whose key is lost must be set again.',
    message: (d: { context: string; reason: string }) =>
      `What is sealed for ${d.context} cannot be opened: ${d.reason}.`,
  },
});

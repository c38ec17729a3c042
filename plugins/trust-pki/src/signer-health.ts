import { type HealthAnswer, isBackplaneError } from '@backplane/plugin-api';
import type { KeyedDocumentSigner } from './keyed-document-signer.ts';

const FRESH_MS = 30_000;

/** Answers from a real signature, made and verified at most every 30 seconds however often it is asked. */
export function signerHealth(signer: KeyedDocumentSigner, monotonic = () => performance.now()) {
  let last: { readonly at: number; readonly answer: Promise<HealthAnswer> } | undefined;
  return (): Promise<HealthAnswer> => {
    const at = monotonic();
    if (last === undefined || at - last.at >= FRESH_MS) last = { at, answer: check(signer) };
    return last.answer;
  };
}

async function check(signer: KeyedDocumentSigner): Promise<HealthAnswer> {
  try {
    const failed = await signer.selfCheck();
    if (failed === undefined) return { status: 'healthy', services: { document_signer: { status: 'healthy' } } };
    return unhealthy(`What was signed with ${failed} does not verify.`);
  } catch (error) {
    return unhealthy(isBackplaneError(error) ? error.message : `Signing failed: ${String(error)}`);
  }
}

function unhealthy(message: string): HealthAnswer {
  return { status: 'unhealthy', message, services: { document_signer: { status: 'unhealthy', message } } };
}

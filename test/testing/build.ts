// Programs are tried as they are built, whoever starts vitest.
export { ensureBuilt as setup } from '../../tools/bootstrap.mjs';

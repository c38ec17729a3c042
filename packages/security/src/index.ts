export { adminTokenFrom, checkBearer, ensureAdminToken } from './admin-token.ts';
export { ensureDataKey } from './data-key.ts';
export { errors } from './errors.ts';
export {
  addMasterKey,
  dropOldMasterKeys,
  ensureMasterKeys,
  type MasterKey,
  type MasterKeys,
  masterKeysFrom,
} from './master-keys.ts';
export { createSecretBox, type SecretBox } from './secret-box.ts';
export { securityFacet } from './security-facet.ts';
export { createSoftwareKeySigner, type SoftwareKeySignerOptions } from './software-key-signer.ts';

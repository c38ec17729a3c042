export { adminTokenFrom, checkBearer, ensureAdminToken } from './admin-token.ts';
export { errors } from './errors.ts';
export { securityFacet } from './security-facet.ts';
export { createSoftwareKeySigner, type SoftwareKeySignerOptions } from './software-key-signer.ts';

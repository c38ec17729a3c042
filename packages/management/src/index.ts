export { createManagement, type Management, type ManagementOptions } from './create-management.ts';
export { errors as managementErrors } from './errors.ts';

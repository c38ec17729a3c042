import type { RemoteService } from '@backplane/ports';

/** True where a service is in another thread or process; an author's own may have a method of that name. */
export const isRemote = (target: object): target is RemoteService => 'remote' in target && target.remote === true;

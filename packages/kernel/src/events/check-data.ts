import { baseErrors, findUncloneable } from '@backplane/base';

/** Refuses data of an event that could not cross to another process. @throws BP_NOT_CLONEABLE */
export function checkCloneableData(type: string, data: unknown): void {
  const found = findUncloneable(data);
  if (found) throw baseErrors.BP_NOT_CLONEABLE({ what: `The data of event ${type}`, ...found });
}

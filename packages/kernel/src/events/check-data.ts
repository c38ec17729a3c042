import { baseErrors, findUncloneable } from '@backplane/base';

/** Refuses data of an event that could not cross to another process. @throws BP_NOT_CLONEABLE */
export function checkCloneableData(type: string, data: unknown): void {
  const found = findUncloneable(data);
  if (found) throw baseErrors.BP_NOT_CLONEABLE({ what: `The data of event ${type}`, ...found });
}

/** Refuses arguments of a dispatch that could not cross to another process. @throws BP_NOT_CLONEABLE */
export function checkCloneableArguments(point: string, args: readonly unknown[]): void {
  for (const argument of args) {
    const found = findUncloneable(argument);
    if (found) throw baseErrors.BP_NOT_CLONEABLE({ what: `An argument at extension point ${point}`, ...found });
  }
}

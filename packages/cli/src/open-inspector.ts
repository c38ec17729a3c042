import { errors } from './errors.ts';

const NODES_OWN_PORT = 9229;

/**
 * Lets debuggers on this machine attach to this process; Node says where. Does nothing where they may already.
 * @param port 0 takes a free one; `true` is 9229
 * @throws BP_OPTION_INVALID, BP_INSPECTOR_NOT_OPENED
 */
export function openInspector(port: string | true): void {
  const number = port === true ? NODES_OWN_PORT : Number(port);
  if (!Number.isInteger(number) || number < 0 || number > 65_535)
    throw errors.BP_OPTION_INVALID({ option: '--inspect', value: String(port), expected: 'a port from 0 to 65535' });
  const inspector = process.getBuiltinModule('node:inspector');
  if (inspector?.url() !== undefined) return;
  inspector?.open(number, '127.0.0.1');
  if (inspector?.url() === undefined) throw errors.BP_INSPECTOR_NOT_OPENED({ port: number });
}

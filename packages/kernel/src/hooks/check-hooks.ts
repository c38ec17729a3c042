import type { ExtensionPoint, HandlerOptions } from '@backplane/plugin-api';
import validVersion from 'semver/functions/valid.js';
import { errors } from '../errors.ts';
import { compileCondition, type PayloadTest } from './condition.ts';

/** Segments of lower-case letters, digits, `-` and `_`, with dots between. */
const POINT_NAME = /^[a-z][a-z0-9_-]{0,62}(?:\.[a-z0-9][a-z0-9_-]{0,62}){0,7}$/;
const TYPES = ['action', 'filter', 'event', 'gate'];

const isTime = (value: unknown) => value === undefined || (typeof value === 'number' && value > 0 && value < 2 ** 31);

/** @throws BP_POINT_INVALID */
export function checkPoint(plugin: string, point: ExtensionPoint): void {
  const refuse = (problem: string) => {
    throw errors.BP_POINT_INVALID({ plugin, point: String(point?.name).slice(0, 100), problem });
  };
  if (point?.kind !== 'extension-point') refuse('it was not made by extensionPoint()');
  if (!POINT_NAME.test(point.name)) refuse('its name is not made of lower-case segments with dots between');
  if (!TYPES.includes(point.type)) refuse(`its type is none of ${TYPES.join(', ')}`);
  if (point.version !== undefined && validVersion(point.version) === null) refuse('its version is no semver version');
  if (point.failure !== undefined && !['stop', 'skip'].includes(point.failure)) refuse('"failure" is stop or skip');
  if (!isTime(point.timeoutMs)) refuse('"timeoutMs" is a number of milliseconds above 0');
  if (point.sync && point.timeoutMs !== undefined) refuse('a synchronous handler cannot be ended, so it has no limit');
}

/** Gives the test for its condition, where there is one. @throws BP_HANDLER_INVALID */
export function checkHandler(
  plugin: string,
  point: string,
  handler: unknown,
  { name, priority, before, after, when, timeoutMs }: HandlerOptions,
): PayloadTest | undefined {
  const refuse = (problem: string) => {
    throw errors.BP_HANDLER_INVALID({ plugin, point: String(point).slice(0, 100), problem });
  };
  if (!POINT_NAME.test(point)) refuse('no point can have that name');
  if (typeof handler !== 'function') refuse('it is no function');
  if (name !== undefined && (typeof name !== 'string' || name === '')) refuse('"name" is a text');
  if (priority !== undefined && !Number.isFinite(priority)) refuse('"priority" is a number');
  for (const list of [before, after]) {
    const fits = list === undefined || (Array.isArray(list) && list.every((one) => typeof one === 'string'));
    if (!fits) refuse('"before" and "after" are lists of names');
  }
  if (!isTime(timeoutMs)) refuse('"timeoutMs" is a number of milliseconds above 0');
  if (when === undefined) return undefined;
  const compiled = compileCondition(when);
  if ('problem' in compiled) refuse(`"when" cannot be read: ${compiled.problem}`);
  return 'test' in compiled ? compiled.test : undefined;
}

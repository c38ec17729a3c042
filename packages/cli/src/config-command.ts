import { relative } from 'node:path';
import { canonicalName } from '@backplane/base';
import {
  type ConfigurationValue,
  DEFAULT_ENVIRONMENTS,
  type PluginConfiguration,
  readConfiguration,
} from '@backplane/runtime';
import { hostFileSchema, pluginFileSchema } from '@backplane/wire';
import { errors } from './errors.ts';
import { EXIT, hostOptions, refuse } from './run-host.ts';
import type { StartFlags } from './start-options.ts';
import { createPaint, type Paint } from './start-report.ts';
import { table } from './table.ts';

export interface ConfigFlags extends StartFlags {
  /** One plugin alone, by name or alias. */
  readonly plugin?: string;
  /** Prints JSON, for programs. */
  readonly json?: boolean;
}

/** `backplane config show`: every value of every plugin, and where it was written. 0 even where values are wrong: that is told beside. */
export async function showCommand(flags: ConfigFlags): Promise<void> {
  const plugins = await read(flags);
  print(flags, plugins, (paint) => plugins.map((plugin) => shown(plugin, paint)).join('\n\n'));
}

/** `backplane config validate`: 0 when everything is right, 1 when something is wrong. Nothing is started. */
export async function validateCommand(flags: ConfigFlags): Promise<void> {
  const plugins = await read(flags);
  const wrong = plugins.filter(isWrong);
  process.exitCode = wrong.length === 0 ? EXIT.ok : EXIT.failed;
  print(flags, plugins, (paint) => {
    const lines = plugins.map((plugin) => verdict(plugin, paint));
    const summary =
      wrong.length === 0 ? paint.green('Everything is right.') : `${wrong.length} of ${plugins.length} are wrong.`;
    return [...lines, '', summary].join('\n');
  });
}

/** `backplane config schema`: the JSON Schema of `base.yaml`, or with `--plugin` of that plugin's file, for editors. */
export async function schemaCommand(flags: ConfigFlags): Promise<void> {
  const plugins = await read(flags);
  const [only] = flags.plugin === undefined ? [] : plugins;
  const schema =
    only === undefined
      ? hostFileSchema(Object.fromEntries(plugins.map(({ plugin, schema }) => [plugin, schema])))
      : pluginFileSchema(only.schema, DEFAULT_ENVIRONMENTS);
  process.stdout.write(`${JSON.stringify(schema, null, 2)}\n`);
}

const isWrong = ({ issues, failure }: PluginConfiguration): boolean => issues.length > 0 || failure !== undefined;

async function read(flags: ConfigFlags): Promise<readonly PluginConfiguration[]> {
  const all = await readConfiguration(await hostOptions(flags)).catch(refuse);
  if (flags.plugin === undefined) return all;
  const name = canonicalName(flags.plugin);
  const found = all.filter(({ plugin, aliases }) => plugin === name || aliases.includes(name));
  if (found.length === 0)
    refuse(errors.BP_CONFIG_PLUGIN_UNKNOWN({ plugin: flags.plugin, known: all.map(({ plugin }) => plugin) }));
  return found;
}

function print(flags: ConfigFlags, plugins: readonly PluginConfiguration[], text: (paint: Paint) => string): void {
  const paint = createPaint(process.stdout.isTTY === true && !process.env.NO_COLOR);
  process.stdout.write(`${flags.json === true ? JSON.stringify({ plugins }, null, 2) : text(paint)}\n`);
}

function shown(configuration: PluginConfiguration, paint: Paint): string {
  const { plugin, enabled, values } = configuration;
  const rows = values.map(({ key, value, origin }) => [
    `  ${key}`,
    JSON.stringify(value) ?? '',
    origin.layer,
    paint.dim(placeOf(origin)),
  ]);
  const title = `${paint.bold(plugin)}${enabled ? '' : paint.dim('  disabled')}`;
  const body =
    rows.length === 0 ? paint.dim('  nothing is configured') : table(['  KEY', 'VALUE', 'LAYER', 'WHERE'], rows);
  return [title, body, ...problemsOf(configuration, paint)].join('\n');
}

function verdict(configuration: PluginConfiguration, paint: Paint): string {
  const mark = isWrong(configuration) ? paint.red('✗') : paint.green('✓');
  return [`${mark} ${configuration.plugin}`, ...problemsOf(configuration, paint)].join('\n');
}

function problemsOf({ issues, failure }: PluginConfiguration, paint: Paint): string[] {
  const lines = issues.map(
    ({ place, message }) => `  ${place === undefined ? '' : `${shortest(place)}  `}${paint.red(message)}`,
  );
  if (failure !== undefined) lines.push(`  ${paint.red(failure.message.replaceAll('\n', '\n  '))}`);
  return lines;
}

function placeOf({ file, line, column, variable }: ConfigurationValue['origin']): string {
  if (variable !== undefined) return variable;
  if (file === undefined) return '';
  return [shortest(file), line, column].filter((part) => part !== undefined).join(':');
}

function shortest(path: string): string {
  const below = relative(process.cwd(), path);
  return below.startsWith('..') ? path : below;
}

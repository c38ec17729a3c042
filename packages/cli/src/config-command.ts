import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { canonicalName, messageOf } from '@backplane/base';
import {
  type Configuration,
  DEFAULT_ENVIRONMENTS,
  type PluginConfiguration,
  readConfiguration,
  type SaidOverFiles,
  type Stranger,
} from '@backplane/runtime';
import { hostFileSchema, pluginFileSchema, type RevisionStateBody } from '@backplane/wire';
import { errors } from './errors.ts';
import { EXIT } from './exit-codes.ts';
import { bodyOf, openSession, type SessionFlags } from './host-session.ts';
import { hostOptions, refuse } from './run-host.ts';
import type { StartFlags } from './start-options.ts';
import { createPaint, type Paint } from './start-report.ts';
import { table } from './table.ts';

export interface ConfigFlags extends StartFlags, SessionFlags {
  /** One plugin alone, by name or alias. */
  readonly plugin?: string;
  /** Prints JSON, for programs. */
  readonly json?: boolean;
}

/** `backplane config show`: every value of every plugin, and where it was written. 0 even where values are wrong: that is told beside. */
export async function showCommand(flags: ConfigFlags): Promise<void> {
  const configuration = await read(flags);
  const { plugins, strangers } = configuration;
  print(flags, configuration, (paint) =>
    [...plugins.map((plugin) => shown(plugin, paint)), ...strangers.map((one) => strange(one, paint))].join('\n\n'),
  );
}

/**
 * `backplane config validate`: 0 when everything is right, 1 when something is wrong. Nothing is started. A name that no plugin has is wrong
 * where it is near to that of a plugin, and else told alone: hosts may share their files.
 */
export async function validateCommand(flags: ConfigFlags): Promise<void> {
  const configuration = await read(flags);
  const { plugins, strangers } = configuration;
  const wrong = plugins.filter(isWrong).length;
  const misspelt = strangers.filter(({ nearest }) => nearest !== undefined).length;
  process.exitCode = wrong + misspelt === 0 ? EXIT.ok : EXIT.failed;
  print(flags, configuration, (paint) => {
    const lines = [...plugins.map((plugin) => verdict(plugin, paint)), ...strangers.map((one) => strange(one, paint))];
    const summary = [
      wrong > 0 ? `${wrong} of ${plugins.length} are wrong.` : '',
      misspelt > 0 ? `${misspelt} ${misspelt === 1 ? 'name is' : 'names are'} misspelt.` : '',
    ].filter((part) => part !== '');
    return [...lines, '', summary.length > 0 ? summary.join(' ') : paint.green('Everything is right.')].join('\n');
  });
}

/** `backplane config schema`: the JSON Schema of `base.yaml`, or with `--plugin` of that plugin's file, for editors. */
export async function schemaCommand(flags: ConfigFlags): Promise<void> {
  const { plugins } = await read(flags);
  const [only] = flags.plugin === undefined ? [] : plugins;
  const schema =
    only === undefined
      ? hostFileSchema(Object.fromEntries(plugins.map(({ plugin, schema }) => [plugin, schema])))
      : pluginFileSchema(only.schema, DEFAULT_ENVIRONMENTS);
  process.stdout.write(`${JSON.stringify(schema, null, 2)}\n`);
}

const isWrong = ({ issues, failure }: PluginConfiguration): boolean => issues.length > 0 || failure !== undefined;

async function read(flags: ConfigFlags): Promise<Configuration> {
  const options = await hostOptions(flags);
  const said = await saidOverFiles(flags, options.dataDir ?? './data');
  const configuration = await readConfiguration(options, said).catch(refuse);
  if (flags.plugin === undefined) return configuration;
  const { plugins: all, strangers } = configuration;
  const name = canonicalName(flags.plugin);
  const found = all.filter(({ plugin, aliases }) => plugin === name || aliases.includes(name));
  if (found.length === 0)
    refuse(errors.BP_CONFIG_PLUGIN_UNKNOWN({ plugin: flags.plugin, known: all.map(({ plugin }) => plugin) }));
  const names = found.flatMap(({ plugin, aliases }) => [plugin, ...aliases].map(canonicalName));
  const meant = strangers.filter(({ nearest }) => nearest !== undefined && names.includes(nearest));
  return { plugins: found, strangers: meant };
}

/** What was set through the API: asked of the host that runs, else read where one has left it. */
async function saidOverFiles(flags: ConfigFlags, data: string): Promise<SaidOverFiles | undefined> {
  if (!existsSync(join(data, 'database')) && flags.url === undefined) return undefined;
  try {
    await using session = await openSession(flags, true);
    return bodyOf<RevisionStateBody>(await session.ask({ path: '/api/v1/admin/state' })).state as SaidOverFiles;
  } catch (error) {
    process.stderr.write(`What was set through the API is left out, because it cannot be read: ${messageOf(error)}\n`);
    return undefined;
  }
}

function print(flags: ConfigFlags, configuration: Configuration, text: (paint: Paint) => string): void {
  const paint = createPaint(process.stdout.isTTY === true && !process.env.NO_COLOR);
  process.stdout.write(`${flags.json === true ? JSON.stringify(configuration, null, 2) : text(paint)}\n`);
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

function strange({ name, nearest, origin }: Stranger, paint: Paint): string {
  const told = `No plugin "${name}" is found.`;
  return nearest === undefined
    ? `${paint.yellow('!')} ${placeOf(origin)}  ${told}`
    : `${paint.red('✗')} ${placeOf(origin)}  ${paint.red(`${told} Did you mean "${nearest}"?`)}`;
}

function problemsOf({ issues, failure }: PluginConfiguration, paint: Paint): string[] {
  const lines = issues.map(
    ({ place, message }) => `  ${place === undefined ? '' : `${shortest(place)}  `}${paint.red(message)}`,
  );
  if (failure !== undefined) lines.push(`  ${paint.red(failure.message.replaceAll('\n', '\n  '))}`);
  return lines;
}

function placeOf({ file, line, column, variable }: Stranger['origin']): string {
  if (variable !== undefined) return variable;
  if (file === undefined) return '';
  return [shortest(file), line, column].filter((part) => part !== undefined).join(':');
}

function shortest(path: string): string {
  const below = relative(process.cwd(), path);
  return below.startsWith('..') ? path : below;
}

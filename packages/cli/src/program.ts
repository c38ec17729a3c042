import { HOST_VERSION } from '@backplane/runtime/version';
import { Command } from 'commander';
import { EXIT } from './exit-codes.ts';

/** A command whose code is loaded when it is called: to ask for a list, nobody waits for what runs a host. */
const later =
  <Module, Name extends keyof Module>(load: () => Promise<Module>, name: Name) =>
  async (...given: unknown[]): Promise<void> => {
    const { [name]: command } = await load();
    await (command as (...given: readonly unknown[]) => Promise<void>)(...given);
  };

const collect = (value: string, before: string[] = []): string[] => [...before, value];

/** The `backplane` command and all below it. */
export function createProgram(): Command {
  const program = new Command('backplane')
    .description('A plugin runtime for Node.js services.')
    .version(HOST_VERSION, '--version', 'print the version')
    .showHelpAfterError('(see "backplane --help")')
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? EXIT.ok : EXIT.usage));
  hostCommand(
    program,
    'start',
    'Runs a host in the foreground. SIGTERM or Ctrl-C drains and stops it; a second one ends it at once.',
  ).action(later(() => import('./start-command.ts'), 'startCommand'));
  hostCommand(
    program,
    'dev',
    'The same for development: a saved file is live at once. On a terminal, h lists the keys.',
  )
    .option('--inspect [port]', 'lets debuggers of this machine attach; 0 takes a free port (9229)')
    .action(later(() => import('./dev-command.ts'), 'devCommand'));
  const plugin = program
    .command('plugin')
    .description('Asks a running host about its plugins, and has it reload them.');
  anyQuestion(plugin, 'list', 'Every plugin with its state.').action(
    later(() => import('./plugin-command.ts'), 'listCommand'),
  );
  anyQuestion(plugin, 'info', 'All that is known of a plugin.')
    .argument(...NAME)
    .action(later(() => import('./plugin-life-command.ts'), 'infoCommand'));
  hostQuestion(plugin, 'why', 'Why a plugin is as it is, what comes next, and how to mend it.')
    .argument(...NAME)
    .action(later(() => import('./plugin-command.ts'), 'whyCommand'));
  hostQuestion(plugin, 'health', 'What a plugin says of itself: 0 when it is healthy, 1 when not.')
    .argument(...NAME)
    .action(later(() => import('./plugin-life-command.ts'), 'healthCommand'));
  hostQuestion(plugin, 'reload', 'Reads a plugin anew and replaces it.')
    .argument(...NAME)
    .action(later(() => import('./plugin-command.ts'), 'reloadCommand'));
  change(plugin, 'enable', 'Switches a plugin on, and runs it.')
    .argument(...NAME)
    .action(later(() => import('./plugin-life-command.ts'), 'enableCommand'));
  change(plugin, 'disable', 'Switches a plugin off, and those that cannot do without it.')
    .argument(...NAME)
    .action(later(() => import('./plugin-life-command.ts'), 'disableCommand'));
  change(plugin, 'install', 'Copies the folder of a plugin and runs it; again with another version, it is an upgrade.')
    .argument('<folder>', 'of this machine')
    .action(later(() => import('./plugin-life-command.ts'), 'installCommand'));
  change(plugin, 'remove', 'Forgets a plugin that was installed or registered.')
    .argument(...NAME)
    .action(later(() => import('./plugin-life-command.ts'), 'removeCommand'));
  hostQuestion(plugin, 'exec', 'Calls a method of a service of a plugin, and prints what it gives.')
    .argument(...NAME)
    .argument('<method>', 'METHOD or SERVICE.METHOD')
    .argument('[arguments...]', 'JSON, or else text')
    .action(later(() => import('./plugin-life-command.ts'), 'execCommand'));
  anyQuestion(plugin, 'logs', 'Lines of the log that are kept, oldest first.')
    .argument('[name]', 'name or alias')
    .option('-f, --follow', 'go on with those that come')
    .option('--level <level>', 'of this level, and graver')
    .option('--namespace <name>', 'of this namespace, and all below it')
    .option('--since <moment>', '10m, 2h, 3d, or a moment such as 2026-01-31T12:00')
    .option('--grep <text>', 'whose message or fields hold this')
    .option('-n, --lines <number>', 'at most so many (100)')
    .action(later(() => import('./logs-command.ts'), 'logsCommand'));
  const config = program.command('config').description('Reads, checks and changes configuration.');
  configCommand(config, 'show', 'Every value of every plugin, the layer that gave it, and where it is written.').action(
    later(() => import('./config-command.ts'), 'showCommand'),
  );
  configCommand(config, 'validate', 'Says everything that is wrong: 0 when nothing is, 1 when something is.').action(
    later(() => import('./config-command.ts'), 'validateCommand'),
  );
  configCommand(
    config,
    'schema',
    'The JSON Schema of base.yaml, or with --plugin of the file of a plugin, for editors.',
  ).action(later(() => import('./config-command.ts'), 'schemaCommand'));
  anyQuestion(config, 'history', 'Every change of what is to run, newest first.')
    .option('-n, --lines <number>', 'at most so many (50)')
    .action(later(() => import('./state-command.ts'), 'historyCommand'));
  anyQuestion(config, 'diff', 'In what revisions differ; without any, the keys that a higher layer hides.')
    .option('--from <revision>', 'from this one')
    .option('--to <revision>', 'to this one; alone, what it changed')
    .action(later(() => import('./state-command.ts'), 'diffCommand'));
  change(config, 'rollback', 'Has run again what was to run at a revision.')
    .argument('<revision>', 'its number')
    .action(later(() => import('./state-command.ts'), 'rollbackCommand'));
  change(config, 'set', 'Sets a key of a plugin, over its files.')
    .argument(...NAME)
    .argument('<key>', 'as a path: pkd.urls')
    .argument('<value>', 'as YAML; - takes text from standard input')
    .option('--secret', 'seals the value, also where the schema does not ask for it')
    .action(later(() => import('./config-key-command.ts'), 'setCommand'));
  change(config, 'unset', 'Takes a key back: what the files say counts again.')
    .argument(...NAME)
    .argument('<key>', 'as a path: pkd.urls')
    .action(later(() => import('./config-key-command.ts'), 'unsetCommand'));
  anyQuestion(program, 'plan', 'What "apply" would do. Nothing is done.')
    .argument(...FILE)
    .action(later(() => import('./state-command.ts'), 'planCommand'));
  change(program, 'apply', 'Has what a file says of plugins run, as one change that comes whole or not at all.', false)
    .argument(...FILE)
    .option('-y, --yes', 'do not ask')
    .action(later(() => import('./state-command.ts'), 'applyCommand'));
  anyQuestion(program, 'doctor', 'Looks at everything a host stands on, and says how to mend what is wrong.')
    .option('--strict', 'warnings count as problems')
    .action(later(() => import('./doctor-command.ts'), 'doctorCommand'));
  const audit = program.command('audit').description('Who did what.');
  anyQuestion(audit, 'list', 'The rows of the audit trail, newest first.')
    .option('--action <word>', 'this alone: plugin.enable, config.create, …')
    .option('--target <name>', 'about this alone, such as a plugin')
    .option('-n, --lines <number>', 'at most so many (50)')
    .action(later(() => import('./audit-command.ts'), 'auditListCommand'));
  anyQuestion(audit, 'verify', 'Whether the trail is what was recorded: 0 when it is, 1 when not.').action(
    later(() => import('./audit-command.ts'), 'auditVerifyCommand'),
  );
  return program;
}

const NAME = ['<name>', 'name or alias'] as const;
const FILE = [
  '[file]',
  'YAML or JSON, or - for standard input; without it, the plugin folders and files of configuration as they are now',
] as const;

/** A command that changes what is to run. */
function change(parent: Command, name: string, description: string, dryRun = true): Command {
  const command = anyQuestion(parent, name, description);
  if (dryRun) command.option('--dry-run', 'says what would happen, and does nothing');
  return command
    .option('--comment <text>', 'why, for the history')
    .option('--author <name>', 'who, for the history (the user of this machine)');
}

/** A command that looks at what a host would find. */
function configCommand(parent: Command, name: string, description: string): Command {
  return anyQuestion(parent, name, description).option('--plugin <name>', 'one plugin alone, by name or alias');
}

/** A command that asks a running host. */
function hostQuestion(parent: Command, name: string, description: string): Command {
  const command = parent.command(name).description(description);
  return answered(command.option('--data <folder>', 'folder that holds admin.token (BACKPLANE_DATA_DIR, ./data)'));
}

/** The same; where no host runs, it looks at what one has left behind. */
function anyQuestion(parent: Command, name: string, description: string): Command {
  return answered(placesOf(parent.command(name).description(description)));
}

function answered(command: Command): Command {
  return command
    .option('--url <address>', 'where the host is (http://127.0.0.1:8080, or the port of BACKPLANE_PORT)')
    .option('--json', 'print what the host answers');
}

/** A command that runs a host, with the options of one. */
function hostCommand(program: Command, name: string, description: string): Command {
  return placesOf(program.command(name).description(description))
    .showHelpAfterError(`(see "backplane ${name} --help")`)
    .option('-p, --port <number>', 'port to listen on; 0 takes a free one (BACKPLANE_PORT, 8080)')
    .option('--host <address>', 'address to listen on (BACKPLANE_HOST, 127.0.0.1)')
    .option('--isolation <level>', 'inline or process, for all plugins or as NAME=LEVEL; may be repeated', collect)
    .option('--log-level <level>', 'trace, debug, info, warn, error, silent (BACKPLANE_LOG_LEVEL, info)')
    .option('--log-format <format>', 'json or pretty (BACKPLANE_LOG_FORMAT; pretty on a terminal)');
}

/** Where a host finds what it runs, and how that is configured. */
function placesOf(command: Command): Command {
  return command
    .option(
      '--plugins <folder>',
      'folder with plugins; may be repeated (BACKPLANE_PLUGIN_DISCOVERY_PATHS, ./plugins)',
      collect,
    )
    .option('--no-packages', 'do not look for plugins in the packages that ./package.json depends on')
    .option('--config <folder>', 'folder with configuration (BACKPLANE_CONFIG_DIR, ./config)')
    .option('--data <folder>', 'folder for keys, token and caches (BACKPLANE_DATA_DIR, ./data)')
    .option('--environment <name>', 'development, staging, production, … (BACKPLANE_ENVIRONMENT, development)');
}

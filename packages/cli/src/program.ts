import { HOST_VERSION } from '@backplane/runtime';
import { Command } from 'commander';
import { schemaCommand, showCommand, validateCommand } from './config-command.ts';
import { devCommand } from './dev-command.ts';
import { listCommand, reloadCommand, whyCommand } from './plugin-command.ts';
import { EXIT } from './run-host.ts';
import { startCommand } from './start-command.ts';

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
  ).action(startCommand);
  hostCommand(
    program,
    'dev',
    'The same for development: a saved file is live at once. On a terminal, h lists the keys.',
  )
    .option('--inspect [port]', 'lets debuggers of this machine attach; 0 takes a free port (9229)')
    .action(devCommand);
  const plugin = program
    .command('plugin')
    .description('Asks a running host about its plugins, and has it reload them.');
  hostQuestion(plugin, 'list', 'Every plugin with its state.').action(listCommand);
  hostQuestion(plugin, 'why', 'Why a plugin is as it is, what comes next, and how to mend it.')
    .argument('<name>', 'name or alias')
    .action(whyCommand);
  hostQuestion(plugin, 'reload', 'Reads a plugin anew and replaces it.')
    .argument('<name>', 'name or alias')
    .action(reloadCommand);
  const config = program.command('config').description('Reads and checks configuration, without a host.');
  configCommand(config, 'show', 'Every value of every plugin, the layer that gave it, and where it is written.').action(
    showCommand,
  );
  configCommand(config, 'validate', 'Says everything that is wrong: 0 when nothing is, 1 when something is.').action(
    validateCommand,
  );
  configCommand(
    config,
    'schema',
    'The JSON Schema of base.yaml, or with --plugin of the file of a plugin, for editors.',
  ).action(schemaCommand);
  return program;
}

/** A command that looks at what a host would find. */
function configCommand(parent: Command, name: string, description: string): Command {
  return placesOf(parent.command(name).description(description))
    .option('--plugin <name>', 'one plugin alone, by name or alias')
    .option('--json', 'print JSON');
}

/** A command that asks a running host. */
function hostQuestion(parent: Command, name: string, description: string): Command {
  return parent
    .command(name)
    .description(description)
    .option('--url <address>', 'where the host is (http://127.0.0.1:8080, or the port of BACKPLANE_PORT)')
    .option('--data <folder>', 'folder that holds admin.token, where BACKPLANE_ADMIN_TOKEN is not set (./data)')
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

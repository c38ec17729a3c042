import { Command } from 'commander';
import { devCommand } from './dev-command.ts';
import { EXIT } from './run-host.ts';
import { startCommand } from './start-command.ts';

const collect = (value: string, before: string[] = []): string[] => [...before, value];

/** The `backplane` command and all below it. */
export function createProgram(): Command {
  const program = new Command('backplane')
    .description('A plugin runtime for Node.js services.')
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
  return program;
}

/** A command that runs a host, with the options of one. */
function hostCommand(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .showHelpAfterError(`(see "backplane ${name} --help")`)
    .option('-p, --port <number>', 'port to listen on; 0 takes a free one (BACKPLANE_PORT, 8080)')
    .option('--host <address>', 'address to listen on (BACKPLANE_HOST, 127.0.0.1)')
    .option(
      '--plugins <folder>',
      'folder with plugins; may be repeated (BACKPLANE_PLUGIN_DISCOVERY_PATHS, ./plugins)',
      collect,
    )
    .option('--config <folder>', 'folder with configuration (BACKPLANE_CONFIG_DIR, ./config)')
    .option('--data <folder>', 'folder for keys, token and caches (BACKPLANE_DATA_DIR, ./data)')
    .option('--environment <name>', 'development, staging, production, … (BACKPLANE_ENVIRONMENT, development)')
    .option('--isolation <level>', 'inline or process, for all plugins or as NAME=LEVEL; may be repeated', collect)
    .option('--log-level <level>', 'trace, debug, info, warn, error, silent (BACKPLANE_LOG_LEVEL, info)')
    .option('--log-format <format>', 'json or pretty (BACKPLANE_LOG_FORMAT; pretty on a terminal)');
}

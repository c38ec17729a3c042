/**
 * Writes docs/command-line.md from the program itself.
 *   npm run command-docs [-- --check]
 */
import { createProgram } from '@backplane/cli';
import { settle } from './generated-file.ts';

type Program = ReturnType<typeof createProgram>;

const INTRODUCTION = `<!-- Generated from the program by \`npm run command-docs\`. -->

# The command line

In a clone that has been built (\`npm start\` does that), \`npx backplane …\` or \`node_modules/.bin/backplane …\` is the command. \`--help\` behind any command
tells what stands here.

Commands ask the host that runs: at \`--url\`, else at the port of \`BACKPLANE_PORT\` on this machine, with the token of \`BACKPLANE_ADMIN_TOKEN\` or of
\`admin.token\` in the data folder. Where none runs, those that look at or change what is kept (\`plugin list\`, \`info\`, \`enable\`, \`disable\`, \`install\`, \`remove\`,
\`logs\`; \`config history\`, \`diff\`, \`rollback\`, \`set\`, \`unset\`; \`plan\` and \`apply\` with a file; \`audit\`; \`doctor\`) open the data folder themselves; a change takes
effect at the next start.

A change shows what differs and which plugins are added, replaced, reconfigured or removed. \`--dry-run\` shows it and does nothing. \`--comment\` and \`--author\` stand
in the history. \`--json\` prints what the host answered, for programs. Colours are left out where the output is no terminal, or \`NO_COLOR\` is set.

A file for \`plan\` and \`apply\` says of each plugin that it names whether it runs, and which keys are set over its files; nothing changes for others:

\`\`\`yaml
plugins:
  orders:
    enabled: true
    config:
      timeout: 60
      smtp.host: mail.example
\`\`\`

| exit code | meaning |
|---|---|
| 0 | done; what was asked for is well |
| 1 | it is not: a plugin is sick, a change was refused or taken back, something is wrong |
| 2 | a command, an option or a value cannot be used |
| 3 | no host answers |
| 4 | the host refuses: there is no such thing, or the token is not its |
| 130, 143 | a host was ended by a second SIGINT, a second SIGTERM |
`;

const cell = (text: string): string => text.replaceAll('|', '\\|');

function sectionsOf(command: Program, path: readonly string[]): string[] {
  if (command.commands.length > 0) return command.commands.flatMap((one) => sectionsOf(one, [...path, one.name()]));
  const words = command.registeredArguments.map((argument) => {
    const name = argument.variadic ? `${argument.name()}...` : argument.name();
    return argument.required ? `<${name}>` : `[${name}]`;
  });
  const rows = [
    ...command.registeredArguments.map((argument, index) => [`\`${words[index]}\``, argument.description]),
    ...command.options.map(({ flags, description }) => [`\`${flags}\``, description]),
  ];
  return [
    `## backplane ${path.join(' ')}`,
    '',
    '```sh',
    ['backplane', ...path, ...words].join(' '),
    '```',
    '',
    command.description(),
    ...(rows.length === 0 ? [] : ['', '| | |', '|---|---|', ...rows.map((row) => `| ${row.map(cell).join(' | ')} |`)]),
    '',
  ];
}

await settle(
  'docs/command-line.md',
  [INTRODUCTION, ...sectionsOf(createProgram(), [])].join('\n'),
  'npm run command-docs',
);

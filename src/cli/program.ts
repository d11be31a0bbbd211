import { Command, InvalidArgumentError, Option } from 'commander';
import { ConfigError } from '../config/config-error.js';
import { processRoles } from '../config/config.js';
import { logLevels } from '../telemetry/logger.js';
import { CommandError } from './exit.js';
import { version } from '../telemetry/version.js';

const wholeNumber =
  (min: number, max: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`it must be a whole number from ${min} to ${max}.`);
    }
    return value;
  };

const configOption = () =>
  new Option('--config <file>', "configuration file; without it the official server's environment variables are read");
const logLevelOption = (level: string) =>
  new Option('--log-level <level>', 'what to log, to stderr').choices(logLevels).default(level);
const readOnlyOption = () => new Option('--read-only', 'nobody may change anything');

/** The command line. Made by a function so that the documentation can be generated from it. */
export function createProgram(): Command {
  const program = new Command('argocd-fleet-mcp')
    .description('One MCP endpoint, with a REST mirror, over every Argo CD instance of a fleet.')
    .version(version)
    .configureOutput({ outputError: (text, write) => write(`argocd-fleet-mcp: ${text}`) })
    .showHelpAfterError('(add --help for what can be given)');
  // Wrong usage ends with 2, as every other mistake on the command line.
  program.exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
  const command = (name: string): Command => program.command(name).copyInheritedSettings(program);

  command('serve')
    .description('serve MCP at /mcp and REST at /api/v1 over HTTP')
    .addOption(configOption())
    .option('--host <address>', 'address to listen on (default: server.host, 127.0.0.1)')
    .option('--port <number>', 'port to listen on, 0 for any (default: server.port, 8090)', wholeNumber(0, 65_535))
    .addOption(new Option('--role <role>', 'answer calls, do jobs, or both').choices(processRoles).default('all'))
    .addOption(readOnlyOption())
    .option('--insecure-no-auth', 'allow an address beyond loopback without any API key')
    .addOption(logLevelOption('info'))
    .action(async (options) => (await import('./serve.js')).serve(options));

  command('stdio')
    .description('serve MCP on stdin and stdout, by itself or as a bridge to a running server')
    .addOption(configOption())
    .addOption(
      new Option('--connect <url>', 'bridge to this server instead of talking to clusters').conflicts('config'),
    )
    .option('--key-env <name>', 'with --connect: environment variable that holds the API key')
    .option('--key-file <path>', 'with --connect: file that holds the API key')
    .addOption(readOnlyOption())
    .addOption(logLevelOption('warn'))
    .action(async (options) =>
      options.connect ? (await import('./connect.js')).connect(options) : (await import('./stdio.js')).stdio(options),
    );

  command('demo')
    .description('run a demo fleet of simulated Argo CD instances and the server over it')
    .option('--clusters <number>', 'how many instances', wholeNumber(1, 200), 5)
    .option('--applications <number>', 'how many applications in all', wholeNumber(0, 200_000), 200)
    .option('--port <number>', 'port of the server, 0 for any', wholeNumber(0, 65_535), 8090)
    .addOption(logLevelOption('warn'))
    .action(async (options) => (await import('./demo.js')).demo(options));

  command('check')
    .description('validate the configuration, ask every cluster and print a table')
    .addOption(configOption())
    .option('--json', 'print JSON instead of a table', false)
    .addOption(logLevelOption('error'))
    .action(async (options) => (await import('./check.js')).check(options));

  command('simulate')
    .description('run simulated Argo CD instances alone')
    .option('--clusters <number>', 'how many instances', wholeNumber(1, 200), 5)
    .option('--applications <number>', 'how many applications in all', wholeNumber(0, 200_000), 200)
    .option('--port <number>', 'port of the first, the others follow; 0 for any', wholeNumber(0, 65_535), 9000)
    .option('--versions <list>', 'Argo CD versions, taken in turn: 2.14, 3.1, 3.5, 3.6', '3.6,2.14')
    .option('--write-config <file>', 'write a configuration that points at them')
    .action(async (options) => (await import('./simulate.js')).simulate(options));

  command('key')
    .description('make an API key: prints it once, with the hash for the configuration')
    .action(async () => {
      process.stdout.write((await import('./key.js')).newKeyText());
    });

  return program;
}

/** Runs one command and gives the exit code: 0 done, 1 it failed, 2 it was called wrongly or configured wrongly. */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync(argv);
    return 0;
  } catch (error) {
    if (error instanceof CommandError || error instanceof ConfigError) {
      process.stderr.write(`argocd-fleet-mcp: ${error.message}\n`);
      return error instanceof CommandError ? error.exitCode : 2;
    }
    process.stderr.write(`argocd-fleet-mcp: it failed. ${(error as Error).stack ?? String(error)}\n`);
    return 1;
  }
}

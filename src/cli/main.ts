/** `branchline`: the command line. Each command is a file of `commands/`; this one only puts them together. */
import { Command } from 'commander';

import { describeError } from '../core/errors/coded-error.ts';
import { labCommand } from './commands/lab.ts';
import { terminalOutput } from './output.ts';

const output = terminalOutput();
const program = new Command('branchline')
  .description('A VPC CNI for Kubernetes on AWS that gives every pod its own security groups')
  .version('0.1.0')
  .showHelpAfterError()
  // So that a subcommand can have options of the same names as what is above it.
  .enablePositionalOptions()
  .addCommand(labCommand(output));

try {
  await program.parseAsync();
} catch (error) {
  output.error(describeError(error));
  process.exitCode = 1;
}

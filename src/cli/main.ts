#!/usr/bin/env node
import 'reflect-metadata';
import { main } from './program.js';

// What is waited for at the end may hang on timers that keep no process alive by themselves.
const awake = setInterval(() => undefined, 60_000);
process.exitCode = await main(process.argv);
clearInterval(awake);
// Nothing should be left that keeps the process alive; if something is, it must not hold up a shutdown.
setTimeout(() => process.exit(), 5_000).unref();

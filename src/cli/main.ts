#!/usr/bin/env node
import 'reflect-metadata';
import { main } from './program.js';

// Every timer that is waited for keeps the process alive by itself; should a library's not, the end is waited for anyway.
const awake = setInterval(() => undefined, 60_000);
process.exitCode = await main(process.argv);
clearInterval(awake);
// Nothing should be left that keeps the process alive; if something is, it must not hold up a shutdown.
setTimeout(() => process.exit(), 1_000).unref();

#!/usr/bin/env node
import 'reflect-metadata';
import { main } from './program.js';

process.exitCode = await main(process.argv);
// Nothing should be left that keeps the process alive; if something is, it must not hold up a shutdown.
setTimeout(() => process.exit(), 5_000).unref();

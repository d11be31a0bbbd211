import { runInThisContext } from 'node:vm';

/** Warnings that Node gives out about this process, such as of listeners that pile up. Jest shows tests a copy of `process`. */
export class ProcessWarnings {
  readonly texts: string[] = [];
  private readonly process = runInThisContext('process') as NodeJS.Process;

  constructor() {
    this.process.on('warning', this.note);
  }

  stop(): void {
    this.process.off('warning', this.note);
  }

  private readonly note = ({ name, message }: Error): void => {
    // Of modules under test, which Jest asks for.
    if (name !== 'ExperimentalWarning') this.texts.push(`${name}: ${message}`);
  };
}

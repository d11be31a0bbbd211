import { Global, Module } from '@nestjs/common';
import { Metrics } from './metrics.js';

/** Gives `Metrics`, those of the process included, to everybody. */
@Global()
@Module({
  providers: [{ provide: Metrics, useFactory: () => new Metrics({ process: true }) }],
  exports: [Metrics],
})
export class TelemetryModule {}

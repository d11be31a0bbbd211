import { Module } from '@nestjs/common';
import { CHANGE_LOG, type ChangeLog } from '../../cache/change-log.js';
import { Fleet } from '../fleet.js';
import { FleetEvents } from './fleet-events.js';

/** Gives `FleetEvents` to the whole application. Imported after the fleet's module, whose clusters it listens to. */
@Module({})
export class EventsModule {
  static forRoot() {
    return {
      module: EventsModule,
      global: true,
      providers: [
        {
          provide: FleetEvents,
          inject: [Fleet, CHANGE_LOG],
          useFactory: (fleet: Fleet, log: ChangeLog) => new FleetEvents(fleet, log),
        },
      ],
      exports: [FleetEvents],
    };
  }
}

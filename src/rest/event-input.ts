import { z } from 'zod';
import { eventTypes, type EventType } from '../fleet/events/event.js';
import { ArgumentParser } from '../tools/arguments.js';
import { applicationFilters } from '../tools/catalog/list-applications.js';
import { oneOrMoreOf } from '../tools/parameters.js';
import { ToolInput, type RequestParts } from './tool-input.js';
import type { RoutedInput } from './tool-route.js';

/** The stream of events, declared as a tool is: its route and its arguments, which are the filters of a list. */
export const eventStreamRoute = {
  name: 'stream_events',
  route: 'GET /events',
  input: z.strictObject({
    types: oneOrMoreOf(eventTypes, 'Which kinds of events; absent = all that the key may read').optional(),
    ...applicationFilters,
    lastEventId: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .describe('Goes on after this event; the header Last-Event-ID, which browsers send by themselves, wins'),
  }),
} satisfies RoutedInput;

export type EventArguments = z.output<typeof eventStreamRoute.input>;

const input = new ToolInput(eventStreamRoute);
const parser = new ArgumentParser(eventStreamRoute);

/** Throws `invalid_input` as the gate does. */
export function readEventArguments(parts: RequestParts): EventArguments {
  return parser.parse(input.read(parts)) as EventArguments;
}

/** The tool that shows what events of a type tell of: whoever may not call it gets none of them. */
export const toolOf: Readonly<Record<EventType, string>> = {
  application: 'list_applications',
  cluster: 'list_clusters',
  job: 'get_job',
};

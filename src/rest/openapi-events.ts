import { eventStreamRoute } from './event-input.js';
import { argumentsOf, problems, type Json } from './openapi.js';
import { toolRoute } from './tool-route.js';

const description =
  'Tells what happens in the fleet as it happens, as server-sent events. Every event has JSON as its data, and an id to ' +
  'go on from where there is one. `ready` comes first: {resumed, types}; unless resumed, read the lists now. ' +
  '`application`: {change, application}, where change is `changed` (the row as GET /applications shows it), `left` ' +
  '(it no longer matches the filters) or `removed` (cluster, namespace and name alone). `cluster`: {change, cluster}, ' +
  '`changed` as GET /clusters shows it, or `removed`. `job`: {job} as GET /jobs/{jobId} shows it. `reset`: {reason}; ' +
  'something may be missing, read the lists anew. Every event shows the newest state, not every state on the way; one ' +
  'may come twice. A reader that takes nothing for 10 s is cut off and can come back with its last id. See docs/events.md.';

/** The stream of events in the OpenAPI document. */
export function eventPaths(): Json {
  const { template } = toolRoute(eventStreamRoute);
  const header = {
    name: 'Last-Event-ID',
    in: 'header',
    description: 'Id of the last event that was received: goes on after it, on whatever replica',
    required: false,
    schema: { type: 'string', maxLength: 100 },
  };
  const stream = { schema: { type: 'string', description: 'Server-sent events' } };
  const operation = {
    operationId: eventStreamRoute.name,
    summary: 'Stream events',
    description,
    tags: ['events'],
    parameters: [...argumentsOf(eventStreamRoute).parameters, header],
    responses: {
      200: { description: 'The stream; it has no end', content: { 'text/event-stream': stream } },
      ...problems,
    },
  };
  return { [template]: { get: operation } };
}

import { isJSONRPCErrorResponse, parseJSONRPCMessage, type JSONRPCMessage } from '@modelcontextprotocol/server';
import { createParser } from 'eventsource-parser';

/**
 * The JSON-RPC messages in an HTTP answer, as they arrive: one or several from JSON, any number from an event stream.
 * Rejects when the body breaks off or is no MCP.
 */
export async function* messagesOf(response: Response): AsyncGenerator<JSONRPCMessage> {
  const type = response.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type === 'text/event-stream') yield* messagesOfStream(response);
  else if (type === 'application/json') yield* messagesOfJson(await response.json());
  else await response.body?.cancel();
}

function messagesOfJson(body: unknown): JSONRPCMessage[] {
  return (Array.isArray(body) ? (body as unknown[]) : [body]).map((message) => parseJSONRPCMessage(message));
}

async function* messagesOfStream(response: Response): AsyncGenerator<JSONRPCMessage> {
  if (!response.body) return;
  let arrived: string[] = [];
  const parser = createParser({
    onEvent: ({ event, data }) => {
      if (data !== '' && (event === undefined || event === 'message')) arrived.push(data);
    },
  });
  // By hand, because the stream must be read as text whose characters may be split between chunks.
  const decoder = new TextDecoder();
  for await (const chunk of response.body) {
    parser.feed(decoder.decode(chunk as Uint8Array, { stream: true }));
    const texts = arrived;
    arrived = [];
    for (const text of texts) yield* messagesOfJson(JSON.parse(text));
  }
}

/** What a refusal of the server says to the client: its own JSON-RPC error if it sent one, else the status in words. */
export async function refusalOf(response: Response): Promise<{ code: number; message: string; data?: unknown }> {
  const body = await response.json().catch(() => undefined);
  const parsed = withId(body);
  if (isJSONRPCErrorResponse(parsed)) return parsed.error;
  const detail = (body as { detail?: unknown } | undefined)?.detail;
  const said = typeof detail === 'string' ? `: ${detail.slice(0, 500)}` : '.';
  return { code: -32000, message: `The server refused the request with HTTP status ${response.status}${said}` };
}

/** Errors about a message that could not be read have no id, which the SDK does not take for a response. */
function withId(body: unknown): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body;
  return { ...body, id: 0 };
}

import {
  acceptedContent,
  createRequestStateCodec,
  fromJsonSchema,
  inputRequired,
  inputResponse,
  McpServer,
  ResourceTemplate,
} from '@modelcontextprotocol/server';
import { z } from 'zod';

/**
 * What the official conformance suite asks a server for: tools, resources and prompts of given names that this product
 * has no use for. They live here so that the suite can put the product's own transport to the test with all of them.
 */

const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
const wav = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=';

const states = createRequestStateCodec({ key: 'conformance only, never a secret of anybody' });
const text = (said) => ({ content: [{ type: 'text', text: said }] });
const user = (content) => ({ role: 'user', content });
const pause = () => new Promise((resolve) => setTimeout(resolve, 50));
const nothing = z.object({});
const patience = { timeout: 2000 };

const ask = (message, name, type = 'string') =>
  inputRequired.elicit({
    message,
    requestedSchema: { type: 'object', properties: { [name]: { type } }, required: [name] },
  });
const askModel = (question, maxTokens) =>
  inputRequired.createMessage({ messages: [user({ type: 'text', text: question })], maxTokens });

export function everything(notify) {
  const server = new McpServer(
    { name: 'conformance-everything', version: '1.0.0' },
    {
      capabilities: { logging: {}, completions: {}, resources: { subscribe: true } },
      requestState: { verify: states.verify },
    },
  );
  addContentTools(server);
  addLongTools(server);
  addLegacyQuestions(server);
  addQuestions(server);
  addDiagnostics(server, notify);
  addResources(server);
  addPrompts(server);
  return server;
}

function addContentTools(server) {
  const fixed = (name, content) =>
    server.registerTool(name, { description: `Answers fixed content: ${name}` }, () => ({ content }));
  const image = { type: 'image', data: png, mimeType: 'image/png' };
  fixed('test_simple_text', [{ type: 'text', text: 'This is a simple text response for testing.' }]);
  fixed('test_image_content', [image]);
  fixed('test_audio_content', [{ type: 'audio', data: wav, mimeType: 'audio/wav' }]);
  fixed('test_embedded_resource', [
    {
      type: 'resource',
      resource: {
        uri: 'test://embedded-resource',
        mimeType: 'text/plain',
        text: 'This is an embedded resource content.',
      },
    },
  ]);
  fixed('test_multiple_content_types', [
    { type: 'text', text: 'Multiple content types test:' },
    image,
    {
      type: 'resource',
      resource: {
        uri: 'test://mixed-content-resource',
        mimeType: 'application/json',
        text: '{"test":"data","value":123}',
      },
    },
  ]);
  server.registerTool('test_error_handling', { description: 'Always fails' }, () => ({
    ...text('This tool intentionally returns an error for testing'),
    isError: true,
  }));
}

function addLongTools(server) {
  server.registerTool('test_tool_with_logging', { description: 'Logs while it works' }, async (context) => {
    for (const message of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
      await context.mcpReq.log('info', message);
      await pause();
    }
    return text('logged');
  });
  server.registerTool('test_tool_with_progress', { description: 'Reports progress' }, async (context) => {
    const progressToken = context.mcpReq._meta?.progressToken;
    for (const progress of [0, 50, 100]) {
      const params = { progressToken, progress, total: 100 };
      if (progressToken !== undefined) await context.mcpReq.notify({ method: 'notifications/progress', params });
      await pause();
    }
    return text('done');
  });
}

/** Questions in the way of 2025: a request of the server while the call is under way. Its answer never arrives. */
function addLegacyQuestions(server) {
  const told = ({ action, content }) => text(`action=${action}, content=${JSON.stringify(content)}`);
  const elicit = (name, inputSchema, params) =>
    server.registerTool(name, { description: 'Asks the user', inputSchema }, async (args, context) =>
      told(await context.mcpReq.elicitInput(params(args), patience)),
    );
  server.registerTool(
    'test_sampling',
    { description: 'Asks the model', inputSchema: z.object({ prompt: z.string() }) },
    async ({ prompt }, context) => {
      const messages = [user({ type: 'text', text: prompt })];
      const { content } = await context.mcpReq.requestSampling({ messages, maxTokens: 100 }, patience);
      return text(`LLM response: ${content.text}`);
    },
  );
  elicit('test_elicitation', z.object({ message: z.string() }), ({ message }) => ({
    message,
    requestedSchema: {
      type: 'object',
      properties: { username: { type: 'string' }, email: { type: 'string' } },
      required: ['username', 'email'],
    },
  }));
  elicit('test_elicitation_sep1034_defaults', nothing, () => ({
    message: 'Defaults',
    requestedSchema: {
      type: 'object',
      properties: {
        name: { type: 'string', default: 'John Doe' },
        age: { type: 'integer', default: 30 },
        score: { type: 'number', default: 95.5 },
        status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
        verified: { type: 'boolean', default: true },
      },
    },
  }));
  const titled = (values) => values.map(([value, title]) => ({ const: value, title }));
  const options = ['option1', 'option2', 'option3'];
  const values = titled([
    ['value1', 'First Option'],
    ['value2', 'Second Option'],
    ['value3', 'Third Option'],
  ]);
  elicit('test_elicitation_sep1330_enums', nothing, () => ({
    message: 'Enums',
    requestedSchema: {
      type: 'object',
      properties: {
        untitledSingle: { type: 'string', enum: options },
        titledSingle: { type: 'string', oneOf: values },
        legacyEnum: {
          type: 'string',
          enum: ['opt1', 'opt2', 'opt3'],
          enumNames: ['Option One', 'Option Two', 'Option Three'],
        },
        untitledMulti: { type: 'array', items: { type: 'string', enum: options } },
        titledMulti: { type: 'array', items: { anyOf: values } },
      },
    },
  }));
}

/** Questions in the way of 2026: an answer that asks, and a call that comes again with the replies. */
function addQuestions(server) {
  const tool = (name, handler) =>
    server.registerTool(`test_input_required_result_${name}`, { description: `Asks: ${name}` }, ({ mcpReq }) =>
      handler(mcpReq),
    );
  tool('elicitation', ({ inputResponses }) => {
    const answer = acceptedContent(inputResponses, 'user_name', z.object({ name: z.string() }));
    if (answer) return text(`Hello, ${answer.name}!`);
    return inputRequired({ inputRequests: { user_name: ask('What is your name?', 'name') } });
  });
  tool('sampling', ({ inputResponses }) => {
    const answer = inputResponse(inputResponses, 'capital_question');
    if (answer.kind === 'sampling') return text(answer.result.content.text);
    return inputRequired({ inputRequests: { capital_question: askModel('What is the capital of France?', 100) } });
  });
  tool('list_roots', ({ inputResponses }) => {
    const answer = inputResponse(inputResponses, 'client_roots');
    if (answer.kind === 'roots') return text(answer.roots.map(({ uri }) => uri).join(' '));
    return inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } });
  });
  const confirmed = async ({ inputResponses, requestState }) => {
    if (requestState() && acceptedContent(inputResponses, 'confirm')) return text('state-ok');
    const inputRequests = { confirm: ask('Please confirm', 'ok', 'boolean') };
    return inputRequired({ inputRequests, requestState: await states.mint({ step: 1 }) });
  };
  tool('request_state', confirmed);
  tool('tampered_state', confirmed);
  tool('multiple_inputs', async ({ inputResponses, requestState }) => {
    const keys = ['user_name', 'greeting', 'client_roots'];
    if (requestState() && keys.every((key) => inputResponse(inputResponses, key).kind !== 'missing'))
      return text('all');
    return inputRequired({
      inputRequests: {
        user_name: ask('What is your name?', 'name'),
        greeting: askModel('Generate a greeting', 50),
        client_roots: inputRequired.listRoots(),
      },
      requestState: await states.mint({ step: 1 }),
    });
  });
  tool('multi_round', async ({ inputResponses, requestState }) => {
    const step = requestState()?.step ?? 0;
    const next = async (key, question) =>
      inputRequired({ inputRequests: { [key]: question }, requestState: await states.mint({ step: step + 1 }) });
    if (step === 1 && acceptedContent(inputResponses, 'step1')) {
      return next('step2', ask('Step 2: What is your favorite color?', 'color'));
    }
    if (step === 2 && acceptedContent(inputResponses, 'step2')) return text('done');
    return next('step1', ask('Step 1: What is your name?', 'name'));
  });
  tool('capabilities', ({ envelope }) => {
    const declared = envelope?.['io.modelcontextprotocol/clientCapabilities'] ?? {};
    const inputRequests = {
      ...(declared.elicitation ? { user_name: ask('What is your name?', 'name') } : {}),
      ...(declared.sampling ? { greeting: askModel('Generate a greeting', 50) } : {}),
    };
    return Object.keys(inputRequests).length > 0 ? inputRequired({ inputRequests }) : text('nothing can be asked');
  });
}

function addDiagnostics(server, notify) {
  // The SDK answers -32021 by itself when a question needs what the client has not declared.
  server.registerTool('test_missing_capability', { description: 'Needs sampling' }, () =>
    inputRequired({ inputRequests: { greeting: askModel('Generate a greeting', 50) } }),
  );
  server.registerTool('test_streaming_elicitation', { description: 'Asks in a stream' }, () =>
    inputRequired({ inputRequests: { user_name: ask('What is your name?', 'name') } }),
  );
  server.registerTool('test_logging_tool', { description: 'Logs if it may' }, async ({ mcpReq }) => {
    await mcpReq.log('info', 'logged');
    return text('ok');
  });
  server.registerTool('test_trigger_tool_change', { description: 'Says that tools changed' }, () => {
    notify.toolsChanged();
    return text('ok');
  });
  server.registerTool('test_trigger_prompt_change', { description: 'Says that prompts changed' }, () => {
    notify.promptsChanged();
    return text('ok');
  });
  server.registerTool(
    'test_x_mcp_header',
    {
      description: 'Mirrors an argument into a header',
      inputSchema: z.object({ region: z.string().meta({ 'x-mcp-header': 'Region' }) }),
    },
    ({ region }) => text(region),
  );
  server.registerTool(
    'json_schema_2020_12_tool',
    { description: 'Tool with JSON Schema 2020-12 features', inputSchema: fromJsonSchema(richSchema) },
    () => text('ok'),
  );
}

const richSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: {
    address: {
      $anchor: 'addressDef',
      type: 'object',
      properties: { street: { type: 'string' }, city: { type: 'string' } },
    },
  },
  properties: {
    name: { type: 'string' },
    address: { $ref: '#/$defs/address' },
    contactMethod: { type: 'string', enum: ['phone', 'email'] },
    phone: { type: 'string' },
    email: { type: 'string' },
  },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
  then: { required: ['phone'] },
  else: { required: ['email'] },
  additionalProperties: false,
};

function addResources(server) {
  const listed = (description, mimeType) => ({ title: description, description, mimeType });
  server.registerResource('static-text', 'test://static-text', listed('A text', 'text/plain'), ({ href }) => ({
    contents: [{ uri: href, mimeType: 'text/plain', text: 'This is the content of the static text resource.' }],
  }));
  server.registerResource('static-binary', 'test://static-binary', listed('An image', 'image/png'), ({ href }) => ({
    contents: [{ uri: href, mimeType: 'image/png', blob: png }],
  }));
  server.registerResource('watched', 'test://watched-resource', listed('Watched', 'text/plain'), ({ href }) => ({
    contents: [{ uri: href, mimeType: 'text/plain', text: 'watched' }],
  }));
  server.registerResource(
    'template',
    new ResourceTemplate('test://template/{id}/data', { list: undefined }),
    listed('A template', 'application/json'),
    ({ href }, { id }) => ({
      contents: [
        {
          uri: href,
          mimeType: 'application/json',
          text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }),
        },
      ],
    }),
  );
  for (const method of ['resources/subscribe', 'resources/unsubscribe']) {
    server.server.setRequestHandler(method, () => ({}));
  }
  server.server.setRequestHandler('completion/complete', () => ({
    completion: { values: ['paris', 'park', 'party'], total: 3, hasMore: false },
  }));
}

function addPrompts(server) {
  const prompt = (name, argsSchema, handler) =>
    server.registerPrompt(name, { description: `Prompt ${name}`, ...(argsSchema ? { argsSchema } : {}) }, handler);
  prompt('test_simple_prompt', undefined, () => ({
    messages: [user({ type: 'text', text: 'This is a simple prompt for testing.' })],
  }));
  const two = z.object({ arg1: z.string().describe('First'), arg2: z.string().describe('Second') });
  prompt('test_prompt_with_arguments', two, ({ arg1, arg2 }) => ({
    messages: [user({ type: 'text', text: `Prompt with arguments: arg1='${arg1}', arg2='${arg2}'` })],
  }));
  prompt('test_prompt_with_embedded_resource', z.object({ resourceUri: z.string() }), ({ resourceUri: uri }) => ({
    messages: [
      user({
        type: 'resource',
        resource: { uri, mimeType: 'text/plain', text: 'Embedded resource content for testing.' },
      }),
      user({ type: 'text', text: 'Please process the embedded resource above.' }),
    ],
  }));
  prompt('test_prompt_with_image', undefined, () => ({
    messages: [
      user({ type: 'image', data: png, mimeType: 'image/png' }),
      user({ type: 'text', text: 'Please analyze the image above.' }),
    ],
  }));
  prompt('test_input_required_result_prompt', undefined, ({ mcpReq }) => {
    const answer = acceptedContent(mcpReq.inputResponses, 'user_context', z.object({ context: z.string() }));
    if (answer) return { messages: [user({ type: 'text', text: answer.context })] };
    return inputRequired({ inputRequests: { user_context: ask('What context should the prompt use?', 'context') } });
  });
}

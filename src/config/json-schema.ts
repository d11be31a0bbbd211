import { z } from 'zod';
import { fileSchema } from './file-schema.js';

/** The part of JSON Schema that the schema of the file uses. */
export interface JsonSchema {
  type?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  anyOf?: JsonSchema[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  additionalProperties?: JsonSchema | boolean;
  [key: string]: unknown;
}

/** JSON Schema (draft 7, which editors read) of the configuration file. Same result every time. */
export function configJsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(fileSchema, { io: 'input', target: 'draft-7' }) as JsonSchema;

  return schema;
}

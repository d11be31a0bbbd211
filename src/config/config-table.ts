import { configJsonSchema, type JsonSchema } from './json-schema.js';

export interface ConfigRow {
  /** `clusters[].limits.timeoutMs` */
  path: string;
  /** In words, for example `text` or `{env} or {file}`. */
  type: string;
  /** As it would stand in the file; `required`, or empty where leaving it out is a meaning of its own. */
  default: string;
  description: string;
}

/** Every field of the configuration file, in its order, for the table in the documentation. */
export function configTable(): ConfigRow[] {
  return fieldsOf(configJsonSchema(), '');
}

function fieldsOf(schema: JsonSchema, prefix: string): ConfigRow[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = prefix + name;
    const isRequired = schema.required?.includes(name) ?? false;
    const row = {
      path,
      type: typeOf(field),
      default: defaultOf(field, isRequired),
      description: field.description ?? '',
    };
    // The same fields as those of a cluster, which are shown there.
    if (prefix === 'defaults.') return [{ ...row, type: `as clusters[].${name}` }];
    if (field.items?.properties) return [row, ...fieldsOf(field.items, `${path}[].`)];
    return [row, ...fieldsOf(field, `${path}.`)];
  });
}

function defaultOf(field: JsonSchema, isRequired: boolean): string {
  if (isRequired) return 'required';
  return field.default === undefined ? '' : JSON.stringify(field.default);
}

function typeOf(field: JsonSchema): string {
  if (field.enum) return field.enum.join(', ');
  if (field.anyOf) return field.anyOf.map(typeOfSource).join(' or ');
  switch (field.type) {
    case 'string':
      return 'text';
    case 'integer':
      return 'whole number';
    case 'boolean':
      return 'true or false';
    case 'array':
      return field.items?.properties ? 'list of blocks' : `list of ${field.items ? typeOf(field.items) : 'values'}`;
    default:
      return field.properties ? 'block' : 'block of name: text';
  }
}

const typeOfSource = (source: JsonSchema): string =>
  source.properties ? `{${Object.keys(source.properties).join(', ')}}` : typeOf(source);

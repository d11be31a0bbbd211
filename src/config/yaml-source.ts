import {
  Composer,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  Lexer,
  LineCounter,
  Parser,
  visit,
  type CST,
  type Document,
  type Node,
  type ParsedNode,
} from 'yaml';
import { pathText, type ConfigProblem, type Path } from './config-error.js';
import type { Steps } from './steps.js';

const aliasesMax = 2_000;
const depthMax = 32;
/** Values of the whole file, aliases written out. */
const valuesMax = 100_000;
/** Words and signs of the text that are read in one step. */
const lexemesPerStep = 200;

/** A YAML text as a value, with the place of everything in it. */
export interface YamlSource {
  value: unknown;
  /** Problems of the text that do not keep the value from being checked as well. */
  problems: ConfigProblem[];
  /** Place of a key or list item; of the nearest one around it for what is missing. */
  placeOf(path: Path): { line: number; column: number } | undefined;
}

/**
 * Reads YAML 1.2, bounded: aliases, depth and size after writing aliases out, so that no small text becomes a huge
 * value. Duplicate keys, tags, several documents and `__proto__` are problems. Nothing of the text is quoted in one.
 */
export function* readYaml(text: string): Steps<YamlSource | { problems: ConfigProblem[] }> {
  const lines = new LineCounter();
  const placeAt = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  try {
    const [document, second] = yield* documentsIn(text, lines);
    const errors = [...document.errors, ...document.warnings].map(({ code, pos }) => ({ code, pos }));
    if (second) errors.push({ code: 'MULTIPLE_DOCS', pos: [second.range[0], second.range[1]] });
    const syntax = errors.map(({ code, pos }) => ({
      path: '',
      message: syntaxMessages[code] ?? 'is no valid YAML here',
      ...placeAt(pos[0]),
    }));
    if (syntax.length > 0) return { problems: syntax };
    yield;
    const { problems, aliases } = inspect(document, placeAt);
    if (aliases > aliasesMax) return { problems: [tooMuch(`uses more than ${aliasesMax} aliases`)] };
    yield;
    const value: unknown = document.toJS({ maxAliasCount: aliasesMax });
    if (countValues(value, 0) > valuesMax) return { problems: [tooMuch(`holds more than ${valuesMax} values`)] };
    return { value, problems, placeOf: (path) => placeIn(document, path, placeAt) };
  } catch (error) {
    if (error instanceof RangeError) return { problems: [tooMuch(`is nested deeper than ${depthMax} levels`)] };
    if (error instanceof ReferenceError) return { problems: [tooMuch('uses aliases that lead nowhere or multiply')] };
    throw error;
  }
}

/** As `parseDocument` of the package, in steps. */
function* documentsIn(text: string, lineCounter: LineCounter): Steps<[Parsed, Parsed?]> {
  const parser = new Parser(lineCounter.addNewLine);
  lineCounter.addNewLine(0);
  const tokens: CST.Token[] = [];
  let lexemes = 0;
  for (const lexeme of new Lexer().lex(text)) {
    tokens.push(...parser.next(lexeme));
    if (++lexemes % lexemesPerStep === 0) yield;
  }
  tokens.push(...parser.end());
  yield;
  // Unique keys are checked by ourselves: the package compares every key with every other.
  const options = { lineCounter, prettyErrors: false, uniqueKeys: false, stringKeys: true } as const;
  const composer = new Composer<ParsedNode>({ ...options, resolveKnownTags: false, logLevel: 'error' });
  return [...composer.compose(tokens, true, text.length)] as [Parsed, Parsed?];
}

type Parsed = Document.Parsed<ParsedNode>;

const tooMuch = (message: string): ConfigProblem => ({ path: '', message });

/** Ours, because those of the package may quote the text, and the text may hold a token. */
const syntaxMessages: Readonly<Record<string, string>> = {
  BAD_ALIAS: 'uses an alias (*name) here that is not defined before; put text with a * in front into quotes',
  BAD_INDENT: 'is indented wrongly here',
  BLOCK_AS_IMPLICIT_KEY: 'is indented wrongly here, or lacks quotes around a text with ": " in it',
  MISSING_CHAR: 'lacks a closing quote, bracket, comma or colon here',
  MULTILINE_IMPLICIT_KEY: 'has a key over several lines here; a colon or a quote may be missing',
  MULTIPLE_DOCS: 'holds more than one YAML document; keep one',
  NON_STRING_KEY: 'has a key here that is no text',
  RESOURCE_EXHAUSTION: 'is nested too deeply',
  TAB_AS_INDENT: 'is indented with a tab here; use spaces',
  TAG_RESOLVE_FAILED:
    'uses a tag (!name) here; put text with a ! in front into quotes, and write secrets as {env: NAME} or {file: PATH}',
};

type PlaceAt = (offset: number) => { line: number; column: number };

/** Finds what YAML allows and a configuration should not have. */
function inspect(document: Document, placeAt: PlaceAt): { problems: ConfigProblem[]; aliases: number } {
  const problems: ConfigProblem[] = [];
  let aliases = 0;
  visit(document, {
    Alias: () => void aliases++,
    Map: (_key, map, path) => {
      if (path.length > depthMax * 2) throw new RangeError('too deep');
      const seen = new Set<unknown>();
      for (const { key } of map.items) {
        const name = isScalar(key) ? key.value : undefined;
        const place = placeAt((key as Node | null)?.range?.[0] ?? 0);
        if (seen.has(name)) {
          problems.push({ path: pathText([String(name)]), message: 'stands here a second time; keep one', ...place });
        } else if (name === '__proto__') {
          problems.push({ path: '__proto__', message: 'is not a name that can be used', ...place });
        }
        seen.add(name);
      }
    },
    Seq: (_key, _seq, path) => {
      if (path.length > depthMax * 2) throw new RangeError('too deep');
    },
  });
  return { problems, aliases };
}

function countValues(value: unknown, depth: number): number {
  if (typeof value !== 'object' || value === null) return 1;
  if (depth > depthMax) throw new RangeError('too deep');
  let count = 1;
  for (const inner of Object.values(value)) {
    count += countValues(inner, depth + 1);
    if (count > valuesMax) break;
  }
  return count;
}

function placeIn(document: Document, path: Path, placeAt: PlaceAt): ReturnType<PlaceAt> | undefined {
  let node: unknown = document.contents;
  let offset = document.contents?.range?.[0];
  for (const part of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (!isCollection(node)) break;
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === String(part));
      if (!pair) break;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value;
    } else {
      const item: unknown = node.items[Number(part)];
      if (item === undefined) break;
      node = item;
      offset = (item as Node).range?.[0] ?? offset;
    }
  }
  return offset === undefined ? undefined : placeAt(offset);
}

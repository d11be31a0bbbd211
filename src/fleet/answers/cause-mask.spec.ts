import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { maskCause } from './cause-mask.js';

describe('the mask of a cause', () => {
  it.each([
    [
      'error when patching "/dev/shm/1482": Deployment.apps "cart" is invalid: spec.selector: Invalid value: {"matchLabels":{"app":"cart"}}: field is immutable',
      'error when patching "…": Deployment.apps "…" is invalid: spec.selector: Invalid value: {…}: field is immutable',
    ],
    [
      'dial tcp: lookup git.example.com on 10.96.0.10:53: no such host',
      'dial tcp: lookup <address> on <address>: no such host',
    ],
    [
      'Get "https://10.0.0.1:443/api": x509: certificate signed by unknown authority',
      'Get "…": x#: certificate signed by unknown authority',
    ],
    [
      'Back-off 5m0s restarting failed container web in pod cart-7d9f8b6c5-x2x9z_shop(0f3c1b1e-aaaa-4bbb-8ccc-0123456789ab)',
      'Back-off <n> restarting failed container web in pod <name>(<id>)',
    ],
    [
      "failed to execute helm template command: values don't meet the specifications of the schema(s)",
      "failed to execute helm template command: values don't meet the specifications of the schema(s)",
    ],
    [
      'Waiting for rollout to finish: 1 of 12 updated replicas are available...',
      'Waiting for rollout to finish: <n> of <n> updated replicas are available...',
    ],
    ['one or more synchronization tasks completed unsuccessfully (retried 5 times).', undefined],
    ['Unable to resolve 8c1a9e2 at 2026-11-24T03:28:00Z, 3:28AM', 'Unable to resolve <n> at <n>'],
    ['services a-1, b-2 and c-3 are not ready', 'services <name> are not ready'],
    ['services a-1 are not ready', 'services <name> are not ready'],
  ])('%s', (text, expected) => {
    const masked = maskCause(text, ['cart', 'shop']);
    expect(masked).toBe(expected ?? text.replace(/\d/, '<n>'));
  });

  it('one message per resource, the last one cut off, is one message', () => {
    const one = (name: string) => `error when patching: Deployment.apps "${name}" is invalid: field is immutable`;
    const once = maskCause(one('cart'));
    expect(maskCause(`${one('cart')},${one('cart-db')},${one('cart-worker')}`)).toBe(once);
    expect(maskCause(`${one('cart')},${one('cart')},error when patching: Deployment.apps "cart" is inv…`)).toBe(once);
  });

  const letter = fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz');
  const name = fc
    .tuple(
      fc.array(letter, { minLength: 3, maxLength: 12 }),
      fc.array(fc.stringMatching(/^[a-z0-9]{1,8}$/), { maxLength: 3 }),
    )
    .map(([first, rest]) => [first.join(''), ...rest].join('-'));
  const suffix = fc.stringMatching(/^[bcdf2456789]{8,10}-[bcdf2456789]{5}$/);
  const hash = fc.stringMatching(/^[0-9a-f]{3}[0-9][0-9a-f]{3,36}$/);
  const ip = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)).map((parts) => parts.join('.'));
  const port = fc.integer({ min: 1, max: 65_535 });
  const time = fc
    .date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true })
    .map((date) => date.toISOString());
  const duration = fc.tuple(fc.nat(90), fc.nat(59)).map(([m, s]) => `${m}m${s}s`);
  const uuid = fc.uuid();
  const variables = fc.record({ name, suffix, hash, ip, port, time, duration, uuid, count: fc.nat(9_999) });
  type Variables = ReturnType<typeof variables.generate>['value'];

  /** Different causes, each about one application at one time. */
  const templates: ((v: Variables) => string)[] = [
    (v) => `Deployment "${v.name}" exceeded its progress deadline`,
    (v) => `pod ${v.name}-${v.suffix} is in CrashLoopBackOff for ${v.duration}`,
    (v) => `pod ${v.name}-${v.suffix} was OOMKilled ${v.count} times`,
    (v) => `failed to pull image registry.example.com/${v.name}:v${v.count}: not found`,
    (v) => `failed to pull image registry.example.com/${v.name}@sha256:${v.hash}: unauthorized`,
    (v) => `dial tcp ${v.ip}:${v.port}: connect: connection refused`,
    (v) => `dial tcp ${v.ip}:${v.port}: i/o timeout`,
    (v) => `unable to resolve ${v.hash} to a commit SHA`,
    (v) => `failed to checkout revision ${v.hash}: fatal: unable to read tree (${v.hash})`,
    (v) => `admission webhook denied ${v.name} at ${v.time}: quota exceeded`,
    (v) => `object ${v.uuid} of ${v.name} has been modified; please apply your changes to the latest version`,
    (v) => `${v.name} is waiting for completion of hook`,
    (v) => `Secret ${v.name}/${v.name}-tls not found`,
    (v) => `spec.replicas of ${v.name}: Invalid value: ${v.count}`,
    (v) => `spec.strategy of ${v.name}: Invalid value: ${v.count}`,
  ];

  it('the same cause with other names, hashes, addresses, numbers and times is the same text', () => {
    fc.assert(
      fc.property(fc.constantFrom(...templates), variables, variables, (template, a, b) => {
        expect(maskCause(template(a), [a.name])).toBe(maskCause(template(b), [b.name]));
      }),
      { numRuns: 1_000 },
    );
  });

  it('different causes are different texts', () => {
    fc.assert(
      fc.property(variables, (v) => {
        const masked = templates.map((template) => maskCause(template(v), [v.name]));
        expect(new Set(masked).size).toBe(templates.length);
      }),
    );
  });

  it('any text gives a bounded one, and the same one every time', () => {
    const hostile = fc.oneof(
      fc.string({ maxLength: 600, unit: 'grapheme' }),
      fc
        .array(fc.constantFrom('"', "'", '`', '{', '}', '[', ']', 'a', '-', '.', ':', '/', ' ', '1', ',', '…'), {
          maxLength: 600,
        })
        .map((all) => all.join('')),
    );
    fc.assert(
      fc.property(hostile, (text) => {
        const masked = maskCause(text);
        expect(Array.from(masked).length).toBeLessThanOrEqual(120);
        expect(maskCause(text)).toBe(masked);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each(['"', "'", '{', '[', '`"\'', '"{', 'a-', 'a.', ':', '0:', '=,', 'and ', ', and a-1'])(
    'a text of nothing but %j costs no more than its length',
    (part) => {
      const text = part.repeat(1_000_000);
      const startedAt = performance.now();
      for (let i = 0; i < 200; i++) maskCause(text);
      expect(performance.now() - startedAt).toBeLessThan(500);
    },
  );
});

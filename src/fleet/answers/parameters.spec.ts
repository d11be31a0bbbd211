import { describe, expect, it } from '@jest/globals';
import type { Application } from '../../argocd/schemas.js';
import { parametersOf } from './parameters.js';

const withSource = (source: Record<string, unknown>): Application => ({
  spec: { source: { repoURL: 'r', ...source } },
});
const shown = (application: Application): Record<string, string> =>
  Object.fromEntries([...parametersOf(application).all].map(([name, { shown: text }]) => [name, text ?? '(hidden)']));

describe('parameters of an application', () => {
  it('shows versions, sizes and what Argo CD has fields for, and hides everything that could be a secret', () => {
    expect(
      shown(
        withSource({
          helm: {
            parameters: [
              { name: 'image.tag', value: 'v1.2.3' },
              { name: 'replicaCount', value: '3' },
              { name: 'db.password', value: 'hunter2' },
              { name: 'password.version', value: '5' },
              { name: 'image.version', value: 'two words: s3cret' },
              { name: 'greeting', value: 'hello' },
            ],
            values: 'service: {port: 8080, name: web}\napiKey: abc\n',
            valueFiles: ['values-eu.yaml', 'https://user:pa55@git.example.com/v.yaml'],
            releaseName: 'cart',
          },
          kustomize: {
            images: ['cart=registry/cart:2'],
            replicas: [{ name: 'cart', count: 4 }],
            commonLabels: { a: 'b' },
          },
          plugin: {
            name: 'avp',
            env: [
              { name: 'MODE', value: 'x' },
              { name: 'AVP_TOKEN', value: 'y' },
            ],
          },
        }),
      ),
    ).toEqual({
      'image.tag': 'v1.2.3',
      replicaCount: '3',
      'db.password': '(hidden)',
      'password.version': '(hidden)',
      'image.version': '(hidden)',
      greeting: '(hidden)',
      'values.service.port': '8080',
      'values.service.name': '(hidden)',
      'values.apiKey': '(hidden)',
      valueFiles: 'values-eu.yaml, https://git.example.com/v.yaml',
      releaseName: 'cart',
      'kustomize.replicas.cart': '4',
      'kustomize.images': 'cart=registry/cart:2',
      'kustomize.commonLabels': '(hidden)',
      'plugin.name': 'avp',
      'env.MODE': '(hidden)',
      'env.AVP_TOKEN': '(hidden)',
    });
  });

  it('no hidden value can be read off what is kept', () => {
    const { all } = parametersOf(withSource({ helm: { parameters: [{ name: 'pin', value: '1234' }] } }));
    expect(JSON.stringify([...all])).not.toContain('1234');
    const same = parametersOf(withSource({ helm: { valuesObject: { pin: '1234' } } }));
    expect(same.all.get('values.pin')?.digest).toBe(all.get('pin')?.digest);
  });

  it('tells the sources of an application with several apart', () => {
    const application: Application = {
      spec: {
        sources: [
          { repoURL: 'a', helm: { releaseName: 'x' } },
          { repoURL: 'b', helm: { releaseName: 'y' } },
        ],
      },
    };
    expect(shown(application)).toEqual({ '1:releaseName': 'x', '2:releaseName': 'y' });
  });

  it.each([
    ['no YAML', '{{ nothing'],
    ['very long', `a: ${'x'.repeat(20_000)}`],
    ['a bomb of aliases', 'a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n'],
  ])('values that are %s are held against others as a whole', (_, values) => {
    expect([...parametersOf(withSource({ helm: { values } })).all.keys()]).toEqual(['values']);
  });

  it('hostile sources are bounded: many parameters are counted, deep ones end, wrong types do no harm', () => {
    const many = Array.from({ length: 500 }, (_, i) => ({ name: `p${i}`, value: '1' }));
    const { all, omitted } = parametersOf(withSource({ helm: { parameters: many } }));
    expect([all.size, omitted]).toEqual([200, 300]);
    let deep: unknown = 'x';
    for (let i = 0; i < 1_000; i++) deep = { a: deep };
    expect(parametersOf(withSource({ helm: { valuesObject: deep } })).all.size).toBe(1);
    for (const wrong of [5, 'x', [], { parameters: 'x', values: 7, valueFiles: [1] }]) {
      expect(() =>
        parametersOf(withSource({ helm: wrong, kustomize: wrong, directory: wrong, plugin: wrong })),
      ).not.toThrow();
    }
    const strange = parametersOf(withSource({ helm: { parameters: [{ name: 5 }] }, plugin: 'x' }));
    expect([...strange.all.keys()]).toEqual(['helm', 'plugin']);
    expect(parametersOf({}).all.size).toBe(0);
  });
});

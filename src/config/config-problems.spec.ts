import { describe, expect, it } from '@jest/globals';
import { configEnv as env, configErrorOf, oneCluster, problemsOf } from '../../test/support/config-fixture.js';

describe('what is wrong', () => {
  it('is told all at once, each with its path, place and what to do', () => {
    const text = `server:
  prot: 1
  host: 0.0.0.0
clusters:
  - name: EU
    url: argocd.example.com
    token: {env: NOT_SET}
  - name: b
    url: https://u:p@b.example
    token: plain-secret
    timeoutMs: 5
  - name: b
    url: https://c.example?x=1
    token: {env: TOKEN, file: x}
    limits: {timeoutMs: "5"}
    labels: {tier: 1}
`;
    expect(problemsOf(text).map(({ line, column, path, message }) => `${line}:${column} ${path} ${message}`)).toEqual([
      '2:3 server.prot is not known. Did you mean port?',
      expect.stringMatching(/^3:3 server\.host is reachable from other machines.*argocd-fleet-mcp key/),
      expect.stringMatching(/^5:5 clusters\[0\]\.name must be 1 to 63 lower-case/),
      '6:5 clusters[0].url must begin with https:// or http://',
      '7:13 clusters[0].token.env names the environment variable NOT_SET, which is not set',
      '9:5 clusters[1].url must hold no user name and no password; the credentials are the token',
      '10:5 clusters[1].token must not stand in this file itself: keep it elsewhere and write {env: NAME}, {file: PATH} or {command: [PROGRAM, ARGUMENT, ...]}',
      '11:5 clusters[1].timeoutMs is not known here; it belongs to limits.timeoutMs',
      '12:5 clusters[2].name is the name of another cluster too; names must differ',
      '13:5 clusters[2].url must hold no query (nothing from ? on)',
      '14:5 clusters[2].token has env and file; keep exactly one of them',
      '15:14 clusters[2].limits.timeoutMs must be a whole number',
      '16:14 clusters[2].labels.tier must be text; put it into quotes',
    ]);
  });

  it.each([
    ['', /^fleet\.yaml: is empty: it needs at least `clusters:`/],
    ['# only a comment\n', /is empty/],
    ['- a\n', /must be a block of fields/],
    ['clusters:\n', /clusters is empty: give it a value/],
    ['clusters: []', /at least 1 entry/],
    ['clusters:\n\t- name: a', /tab/],
    ['clusters: "x', /closing quote/],
    ['clusters: []\n---\nclusters: []', /more than one YAML document/],
    ['clusters: !env X', /uses a tag/],
    [`${oneCluster}clusters: []`, /clusters stands here a second time/],
    [`__proto__: {}\n${oneCluster}`, /__proto__/],
    [
      `server: {apiKeys: [{name: a, role: oprator, hash: "sha256:${'0'.repeat(64)}"}]}\n${oneCluster}`,
      /Did you mean operator\?/,
    ],
    [`server: {apiKeys: [{name: a, role: viewer, hash: afm_abcdefgh}]}\n${oneCluster}`, /hash is a key itself/],
    [
      `server: {apiKeys: [{name: a, role: viewer, hash: x, clusters: "a,,b"}]}\n${oneCluster}`,
      /clusters must be a comma list/,
    ],
    [`server: {apiKeys: [{name: local, role: viewer, hash: x}]}\n${oneCluster}`, /without a key/],
    [`server: {corsOrigins: ["*"]}\n${oneCluster}`, /every web page/],
    [`server: {corsOrigins: ["https://a.example/"]}\n${oneCluster}`, /without a path or slash/],
    [`redis: {cache: "http://x"}\n${oneCluster}`, /redis\.cache must be an address such as redis/],
    [`redis: {cache: {env: TOKEN}}\n${oneCluster}`, /redis\.cache leads to something that is no address/],
    [`redis: {cache: {command: [x]}}\n${oneCluster}`, /redis\.cache\.command is not known/],
    [`redis: {cache: 5}\n${oneCluster}`, /redis\.cache must be \{env: NAME\} or \{file: PATH\}/],
    ['clusters: [{name: a, url: "https://a.example"}]', /token is required/],
    ['clusters: [{name: a, url: "https://a.example", token: {}}]', /token must be \{env: NAME\}, \{file/],
    [
      'clusters: [{name: a, url: "https://a.example", token: {envv: A}}]',
      /token\.envv is not known\. Did you mean env\?/,
    ],
    [
      'clusters: [{name: a, url: "https://a.example", token: {command: no-such-program-here}}]',
      /token\.command must be a list/,
    ],
    [
      'clusters: [{name: a, url: "https://a.example", token: {command: [no-such-program-here]}}]',
      /no program that can be run/,
    ],
    [
      'clusters: [{name: a, url: "https://a.example", token: {file: missing}}]',
      /names a file that cannot be read \(ENOENT\)/,
    ],
    ['clusters: [{name: a, url: "https://a.example", token: {file: /}}]', /not a regular file/],
    ['clusters: [{name: a, url: "https://a.example/api/v1", token: {env: TOKEN}}]', /leave out \/api\/v1/],
    ['clusters: [{name: a, url: "https://a.example", token: {env: TOKEN}, tls: {certFile: x}}]', /lacks keyFile/],
    ['clusters: [{name: a, url: "https://a.example", token: {env: TOKEN}, tls: {caFile: x}}]', /caFile cannot be read/],
    [
      'clusters: [{name: a, url: "https://a.example", token: {env: TOKEN}, headers: {Authorization: x}}]',
      /sets itself/,
    ],
    ['clusters: [{name: a, url: "https://a.example", token: {env: TOKEN}, headers: {x: "a\\nb"}}]', /printable ASCII/],
    ['clusters: [{name: a, url: "https://a.example", token: {env: TOKEN}, headers: {x: a, X: b}}]', /twice/],
    ['clusters: [{name: a, url: "https://a.example", token: {env: TOKEN}, labels: {"a,b": c}}]', /no label name/],
    ['clusters: [{name: a, url: "https://a.example", token: {env: TOKEN}, labels: {a: "b=c"}}]', /no label value/],
    ['server: {apiKeys: [{name: a, clusters: *}]}', /put text with a \* in front into quotes/],
    ['server: {apiKeys: [{name: a, clusters: !eu-dev }]}', /put text with a ! in front into quotes/],
    ['clusters: [{<<: {}, name: a, url: "https://a.example", token: {env: TOKEN}}]', /merge keys are not supported/],
  ])('%j is explained', (text, expected) => {
    expect(configErrorOf(text).message).toMatch(expected);
  });

  it('never quotes a token, wherever it was put by mistake', () => {
    const secret = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJlc2lnbmF0dXJl';
    const places = [
      `clusters: [{name: a, url: "https://a.example", token: ${secret}}]`,
      `clusters: [{name: a, url: "https://a.example", token: {env: ${secret}}}]`,
      `clusters: [{name: a, url: "https://a.example", token: {${secret}: x}}]`,
      `clusters: [{name: a, url: "https://x:${secret}@a.example", token: {env: TOKEN}}]`,
      `clusters: [{name: ${secret}, url: ${secret}, token: [${secret}], role: ${secret}}]`,
      `clusters: [{name: a, url: "https://a.example", token: "${secret}`,
      `clusters:\n  - name: a\n    token: ${secret}: x\n   bad ${secret}`,
      `*${secret}`,
      `!${secret} x`,
      `${secret}`,
      `redis: {cache: "redis//:${secret}@x"}`,
      `server: {apiKeys: [{name: a, role: ${secret}, hash: ${secret}}]}`,
    ];
    for (const text of places) {
      const problems = problemsOf(text);
      expect(problems.length).toBeGreaterThan(0);
      expect(JSON.stringify(problems)).not.toContain(secret.slice(0, 30));
    }
  });

  it('never quotes a token that looks like a name, either', () => {
    const secret = 'ghp_16C7e42F292c6912E7710c838347Ae178B4a';
    const texts = [`{env: ${secret}}`, `{${secret}: x}`, `{${secret}}`, `[${secret}]`, secret].map(
      (token) => `clusters: [{name: a, url: "https://a.example", token: ${token}}]`,
    );
    for (const text of texts) expect(JSON.stringify(problemsOf(text))).not.toContain(secret.slice(4));
  });

  it('refuses a secret that would inject a header', () => {
    const injected = { ...env, TOKEN: 'good\r\nX-Evil: 1' };
    expect(problemsOf(oneCluster, { env: injected })[0]?.message).toMatch(/which holds more than one line/);
  });
});

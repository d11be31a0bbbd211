import type { Call, Route } from './call.js';
import { GrpcError } from './grpc-error.js';
import { settingsBody } from './settings-body.js';

const RESOURCES = [
  'clusters',
  'projects',
  'applications',
  'applicationsets',
  'repositories',
  'write-repositories',
  'certificates',
  'accounts',
  'gpgkeys',
  'logs',
  'exec',
  'extensions',
];
const LOGINS_MAX = 50;
/** By design every password check takes this long, a right one as well. */
const LOGIN_MS = 600;
let loginsGoingOn = 0;

/** Version, settings, session and account: who am I, what may I do. */
export const sessionRoutes: Route[] = [
  { method: 'GET', pattern: '/api/version', handle: version },
  {
    method: 'GET',
    pattern: '/api/v1/settings',
    handle: (call) => settingsBody(call.instance, callerOrNobody(call) !== undefined),
  },
  {
    method: 'POST',
    pattern: '/api/v1/session',
    handle: login,
    body: { name: 'SessionCreateRequest', fields: { username: 'string', password: 'string', token: 'string' } },
  },
  { method: 'DELETE', pattern: '/api/v1/session', handle: logout },
  { method: 'GET', pattern: '/api/v1/session/userinfo', handle: userInfo },
  { method: 'GET', pattern: '/api/v1/account', handle: listAccounts },
  { method: 'GET', pattern: '/api/v1/account/can-i/:resource/:action/*subresource', handle: canI },
];

function callerOrNobody(call: Call): ReturnType<Call['caller']> | undefined {
  try {
    return call.caller();
  } catch {
    return undefined;
  }
}

function version(call: Call): unknown {
  const { full, details } = call.instance.profile;
  return callerOrNobody(call) ? { Version: full, ...details } : { Version: full };
}

async function login(call: Call): Promise<unknown> {
  const { username, password } = call.body;
  if (loginsGoingOn >= LOGINS_MAX) throw new GrpcError(16, 'Invalid username or password');
  loginsGoingOn += 1;
  try {
    await new Promise((resolve) => setTimeout(resolve, LOGIN_MS));
    if (typeof username !== 'string' || username === '' || typeof password !== 'string' || password === '')
      throw new GrpcError(16, 'no credentials supplied');
    const token = call.instance.accounts.login(username, password);
    call.extraHeaders['Set-Cookie'] = `argocd.token=${token}; path=/; SameSite=lax; httpOnly`;
    return { token };
  } finally {
    loginsGoingOn -= 1;
  }
}

function logout(call: Call): unknown {
  const caller = callerOrNobody(call);
  if (caller) call.instance.accounts.logout(caller);
  call.extraHeaders['Set-Cookie'] = 'argocd.token=; path=/; SameSite=lax; httpOnly';
  return {};
}

function userInfo(call: Call): unknown {
  const caller = callerOrNobody(call);
  return caller ? { loggedIn: true, username: caller.name, iss: 'argocd' } : {};
}

function listAccounts(call: Call): unknown {
  const caller = call.caller();
  const { accounts } = call.instance;
  const items = accounts
    .list()
    .filter(
      (account) => account['name'] === caller.name || accounts.can(caller, 'accounts', 'get', String(account['name'])),
    );
  return { items: items.length > 0 ? items : null };
}

function canI(call: Call): unknown {
  const caller = call.caller();
  const { resource = '', action = '', subresource = '' } = call.params;
  const actions = [
    'get',
    'create',
    'update',
    'delete',
    'sync',
    ...(call.instance.profile.hasRollbackAction ? ['rollback'] : []),
    'override',
    'action',
    'invoke',
  ];
  if (!RESOURCES.includes(resource)) throw new GrpcError(3, `[${RESOURCES.join(' ')}] does not contain ${resource}`);
  if (!actions.includes(action)) throw new GrpcError(3, `[${actions.join(' ')}] does not contain ${action}`);
  const asked = action === 'rollback' ? 'sync' : action;
  return { value: call.instance.accounts.can(caller, resource, asked, subresource) ? 'yes' : 'no' };
}

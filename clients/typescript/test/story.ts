// One story, played in Node and in a page: what a client sees of a domain, from its creation to its end.

import { Postern, PosternError, type PosternOptions, type UserUpdate } from '../dist/index.js';

export type Seen = Record<string, unknown>;

/** Returns what was seen of the domain, with its name left out. */
export async function story(options: PosternOptions, domain: string): Promise<Seen> {
  const postern = new Postern(options);
  const anna = `anna@${domain}`;
  const sales = `sales@${domain}`;
  const dev = `dev@${domain}`;
  const seen: Seen = {};

  seen.whoami = (await postern.whoami())._data.username === options.username;

  await postern.createDomain({ path: { domain }, body: { name: 'Demo Ltd', quota: 4096 } });
  const made = await postern.createUser({ path: { mail: anna }, body: { name: 'Anna Berg', password: 'Winter-1958-rain', quota: 1024 } });
  seen.made = [made._data?.name, made._data?.quota, made._data?.accountStatus];
  const { _data: shown } = await postern.getUser({ path: { mail: anna } });
  const again = await postern.updateUser({ path: { mail: anna }, body: shown as UserUpdate });
  seen.sentBack = JSON.stringify(again._data) === JSON.stringify(shown);
  await postern.createAlias({ path: { mail: sales }, body: { name: 'Sales', members: [anna] } });
  seen.users = (await postern.listUsers({ path: { domain }, query: { email_only: 'yes' } }))._data;
  seen.members = (await postern.getAlias({ path: { mail: sales } }))._data.members;

  await postern.updateDomainSpamPolicy({ path: { domain }, body: { spam_score: 5.5 } });
  seen.policy = (await postern.getDomainSpamPolicy({ path: { domain } }))._data.spam_score;

  await postern.createMailingList({ path: { mail: dev }, body: { name: 'Developers', owner: [anna] } });
  seen.lists = (await postern.listMailingLists({ path: { domain }, query: { email_only: 'yes' } }))._data;
  await postern.deleteMailingList({ path: { mail: dev }, query: { keep_archive: 'no' } });

  seen.unknown = await failure(postern.getUser({ path: { mail: `nobody@${domain}` } }));
  // @ts-expect-error: the compiler knows the parameters; the server refuses others.
  seen.misspelt = await failure(postern.updateUser({ path: { mail: anna }, body: { qouta: 2048 } }));

  await postern.deleteDomain({ path: { domain } });
  seen.deleted = await failure(postern.getDomain({ path: { domain } }));
  await postern.logout();
  return JSON.parse(JSON.stringify(seen).replaceAll(domain, 'DOMAIN')) as Seen;
}

/** What a story has to show. */
export const expected: Seen = {
  whoami: true,
  made: ['Anna Berg', 1024, 'active'],
  sentBack: true,
  users: ['anna@DOMAIN'],
  members: ['anna@DOMAIN'],
  policy: 5.5,
  lists: ['dev@DOMAIN'],
  unknown: { code: 'NO_SUCH_ACCOUNT', status: 404, told: true },
  misspelt: { code: 'UNKNOWN_PARAMETER', field: 'qouta', status: 400, told: true },
  deleted: { code: 'NO_SUCH_DOMAIN', status: 404, told: true },
};

/** The failure of an operation in the parts that can be foretold. */
export async function failure(operation: Promise<unknown>): Promise<unknown> {
  try {
    await operation;
  } catch (error) {
    if (!(error instanceof PosternError) || !(error instanceof Error)) throw error;
    const { code, field, status } = error;
    const fieldAtFault = code === 'UNKNOWN_PARAMETER' || status === undefined || status < 300 ? { field } : {};
    return { code, ...fieldAtFault, status, told: Boolean(error.detail && error.requestId) };
  }
  throw new Error('The operation succeeded.');
}

// Makes a domain and a mailbox, reads the mailbox, changes what it read and sends all of it back, lists and removes. It needs nothing
// but fetch, and prints the same whatever the server keeps its accounts in.
//
//   POSTERN_URL=http://127.0.0.1:8080 POSTERN_USERNAME=... POSTERN_PASSWORD=... node clients/examples/mailbox.mjs

const { POSTERN_URL: url, POSTERN_USERNAME: username, POSTERN_PASSWORD: password } = process.env;
let cookie = '';

/** Sends a body and returns what the answer has in _data. An error has the code and what to do. */
async function call(method, path, body) {
  const headers = { Cookie: cookie };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const answer = await fetch(url + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const reply = await answer.json();
  if (!reply._success) throw new Error(`${answer.status} ${reply._msg}: ${reply._detail}`);
  const set = answer.headers.get('set-cookie');
  if (set) cookie = set.split(';')[0];
  return reply._data;
}

function show(what, u) {
  console.log(`${what}: ${u.mail} | ${u.name} | ${u.accountStatus} | ${u.language ?? 'none'} | ${u.quota} MB | ${u.employeeid} | ${u.department}`);
  console.log(`  phones: ${u.telephoneNumber.join(',')} | ${u.mobile.join(',')}`);
  console.log(`  mail to: ${u.forwarding.join(',')} | copy kept: ${u.keeps_copy} | also: ${u.aliases.join(',')}`);
  console.log(`  copies: ${u.senderBcc} | ${u.recipientBcc} | services: ${u.services.join(',')} | in ${u.maildir}`);
  console.log(`  stored: ${u.stored_bytes} | logged in: ${u.last_login !== null} | created known: ${u.created !== null}`);
}

async function work() {
  await call('POST', '/api/domain/example.com', { name: 'Example Ltd', quota: 10240, language: 'de_DE' });
  show('made', await call('POST', '/api/user/anna@example.com', {
    password: 'Autumn-1957-wind', name: 'Anna Berg', gn: 'Anna', sn: 'Berg', quota: 2048, language: 'fr_FR',
    employeeid: 'E-7', department: 'Sales', telephoneNumber: ['+49 30 901820'], mobile: ['+49 170 1234'],
    forwarding: ['anna@example.com', 'anna@example.net'], aliases: ['a.berg@example.com'],
    senderBcc: 'archive@example.net', services: ['imapsecured', 'smtpsecured'],
    maildir: '/var/vmail/vmail1/example.com/anna',
  }));

  // The whole object is read, changed and sent back.
  const read = await call('GET', '/api/user/anna@example.com');
  console.log(`keys: ${Object.keys(read).length}`);
  show('changed', await call('PUT', '/api/user/anna@example.com',
    { ...read, name: 'Anna Berg-Söhne', accountStatus: 'disabled', language: null }));

  for (const u of await call('GET', '/api/users/example.com')) {
    console.log(`listed: ${u.mail} ${u.accountStatus} ${u.quota}`);
  }
  await call('GET', '/api/user/nobody@example.com').catch((err) => console.log(`nobody: ${err.message}`));
  await call('DELETE', '/api/user/anna@example.com');
}

await call('POST', '/api/login', { username, password });
try {
  await work();
} finally {
  await call('DELETE', '/api/domain/example.com');
}

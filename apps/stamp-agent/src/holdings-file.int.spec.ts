import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TenantId } from '@lapidary/kernel/names';
import { temporaryDirectory, silent } from './agent.fixture.js';
import { Contact } from './contact.js';
import { Flights } from './flights.js';
import { Holder } from './holder.js';
import { HoldingsFile } from './holdings-file.js';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeEach(async () => (directory = await temporaryDirectory()));
afterEach(() => directory.remove());

const command = (tenant: string, cursor: number, epoch: number, hold: boolean) => ({ tenant: tenant as TenantId, cursor, epoch, hold });
const snapshot = { asOf: 3, known: [command('acme', 2, 1, true), command('bolt', 5, 2, false)] };
const fileAt = (name = 'holdings.json') => new HoldingsFile(join(directory.path, name), 'eu-1', 'a-token-of-sixteen-or-more');

describe('the copy of the holdings on disk', () => {
  it('comes back as it was saved, readable by its owner only, with nothing left beside it', async () => {
    await fileAt().save({ contactAtMs: 77, snapshot });
    expect(await fileAt().load()).toEqual({ kind: 'loaded', saved: { contactAtMs: 77, snapshot } });
    expect((await stat(join(directory.path, 'holdings.json'))).mode & 0o777).toBe(0o600);
    expect(await readdir(directory.path)).toEqual(['holdings.json']);
    expect(await readFile(join(directory.path, 'holdings.json'), 'utf8')).not.toContain('a-token');
  });

  it('makes its folder, and is absent where there is none', async () => {
    expect(await fileAt('deep/er/holdings.json').load()).toEqual({ kind: 'absent' });
    await fileAt('deep/er/holdings.json').remove();
    await fileAt('deep/er/holdings.json').save({ contactAtMs: 1, snapshot });
    expect(await fileAt('deep/er/holdings.json').load()).toMatchObject({ kind: 'loaded' });
  });

  it.each([
    ['text', 'hello'],
    ['null', 'null'],
    ['another format', JSON.stringify({ body: { format: 2 }, digest: '' })],
    ['binary', '\u0000\u0001'],
  ])('refuses %s', async (_, text) => {
    await writeFile(join(directory.path, 'holdings.json'), text);
    expect(await fileAt().load()).toMatchObject({ kind: 'refused' });
  });

  it.each([
    ['torn', (text: string) => text.slice(0, text.length / 2)],
    ['changed by hand', (text: string) => text.replace('"epoch":1', '"epoch":9')],
    ['empty', () => ''],
    ['of another stamp', (text: string) => text.replace('"eu-1"', '"eu-99"')],
    ['given a field', (text: string) => text.replace('"format":1', '"format":1,"more":1')],
  ])('refuses a copy that is %s', async (_, spoil) => {
    await fileAt().save({ contactAtMs: 77, snapshot });
    const path = join(directory.path, 'holdings.json');
    await writeFile(path, spoil(await readFile(path, 'utf8')));
    expect(await fileAt().load()).toMatchObject({ kind: 'refused' });
  });

  it('refuses a copy of another stamp, or of another incarnation of this one', async () => {
    await fileAt().save({ contactAtMs: 77, snapshot });
    const path = join(directory.path, 'holdings.json');
    expect(await new HoldingsFile(path, 'eu-2', 'a-token-of-sixteen-or-more').load()).toMatchObject({ kind: 'refused' });
    expect(await new HoldingsFile(path, 'eu-1', 'the-token-after-it-was-rebuilt').load()).toMatchObject({ kind: 'refused' });
  });

  it('refuses a folder in its place', async () => {
    await mkdir(join(directory.path, 'holdings.json'));
    expect(await fileAt().load()).toMatchObject({ kind: 'refused' });
  });
});

describe('a drop', () => {
  const holderWith = (file: HoldingsFile) => new Holder(file, new Contact(null), new Flights(), silent);

  it('is on disk when it is acknowledged', async () => {
    const holder = holderWith(fileAt());
    await holder.applyHold(command('acme', 1, 1, true));
    await holder.applyHold(command('acme', 2, 2, false));
    expect(await fileAt().load()).toMatchObject({ saved: { snapshot: { known: [command('acme', 2, 2, false)] } } });
  });

  it('removes the copy where it can’t be written, so that a restart can’t bring the tenant back', async () => {
    await fileAt().save({ contactAtMs: 1, snapshot });
    const unwritable = fileAt();
    unwritable.save = () => Promise.reject(new Error('disk full'));
    await holderWith(unwritable).applyHold(command('acme', 9, 2, false));
    expect(await fileAt().load()).toEqual({ kind: 'absent' });
  });

  it('is not acknowledged where the copy can be neither written nor removed', async () => {
    const stuck = fileAt();
    stuck.save = () => Promise.reject(new Error('read-only'));
    stuck.remove = () => Promise.reject(new Error('read-only'));
    await expect(holderWith(stuck).applyHold(command('acme', 9, 2, false))).rejects.toMatchObject({ code: 'internal' });
  });
});

import type { DriftRunView, FindingView } from '@lapidary/contracts/api/drift';
import type { TenantView } from '@lapidary/contracts/api/tenants';
import { newId } from '@lapidary/kernel/ids';
import { waitFor } from '@lapidary/kernel/wait-for';
import type { Geodes } from './geodes.js';

/** What people and programs ask of a region on any day, each with what must come of it. They throw where it does not. */
export class OrdinaryWork {
  constructor(
    private readonly geodes: Geodes,
    private readonly region: string,
    /** A collection of the fleet by `lww`, and one by `counter`, bounded, with a document "lamp" of which this region has rights. */
    private readonly collections: { readonly notes: string; readonly stock: string },
  ) {}

  async place(): Promise<void> {
    const { status, body } = await this.api.post('/v1/tenants', { id: `t-${newId().toLowerCase()}`.slice(0, 28), region: this.region });
    expect([status, (body as TenantView).status]).toEqual([201, 'placed']);
  }

  async lookAtFleet(): Promise<void> {
    for (const path of ['/v1/stamps', '/v1/tenants', '/v1/regions', '/v1/geode']) expect((await this.api.get(path)).status).toBe(200);
  }

  async readAndWrite(): Promise<void> {
    const field = `f-${newId()}`;
    await this.client.patch(this.collections.notes, 'n', { [field]: true });
    expect((await this.client.read(this.collections.notes, 'n'))?.value).toMatchObject({ [field]: true });
  }

  async sell(): Promise<void> {
    const units = async (): Promise<number> => (await this.client.read(this.collections.stock, 'lamp'))!.value as number;
    const before = await units();
    await this.client.operate(this.collections.stock, 'lamp', [{ op: 'subtract', units: 1 }]);
    expect(await units()).toBe(before - 1);
  }

  /** Returns the version that the definition has now. */
  async changePolicy(): Promise<number> {
    const path = `/v1/collections/${this.collections.notes}`;
    const { version } = (await this.api.get(path)).body as { version: number };
    const definition = { scope: 'fleet', policy: { kind: 'lww', rules: { [`price${version}`]: 'highest' } } };
    const { status, body } = await this.api.put(path, definition);
    expect([status, (body as { version: number }).version]).toEqual([200, version + 1]);
    return version + 1;
  }

  /** Somebody watches, and hears of a change that is made meanwhile. */
  async watch(during: () => Promise<void> = async () => Promise.resolve()): Promise<void> {
    const [ending, field] = [new AbortController(), `w-${newId()}`];
    const response = await fetch(`${this.geodes.apiUrl(this.region)}/v1/collections/${this.collections.notes}/documents/watch`, {
      headers: { authorization: `Bearer ${this.geodes.token}` },
      signal: ending.signal,
    });
    expect(response.status).toBe(200);
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    try {
      let text = (await reader.read()).value ?? '';
      await Promise.all([during(), this.client.patch(this.collections.notes, 'n', { [field]: true })]);
      while (!text.includes(field)) {
        const { value, done } = await reader.read();
        expect(done).toBe(false);
        text += value;
      }
    } finally {
      ending.abort();
    }
  }

  /** A look to its end; what stands then. */
  async lookForDrift(): Promise<FindingView[]> {
    await this.ended((await this.api.post('/v1/drift/runs', {})).body as DriftRunView);
    return await this.findings();
  }

  async repair(): Promise<DriftRunView> {
    return await this.ended((await this.api.post('/v1/drift/repairs', {})).body as DriftRunView);
  }

  async findings(): Promise<FindingView[]> {
    return ((await this.api.get('/v1/drift/findings?limit=200')).body as { items: FindingView[] }).items;
  }

  private async ended({ id }: DriftRunView): Promise<DriftRunView> {
    return await waitFor(
      `run ${id} to end`,
      async () => {
        const { body } = await this.api.get(`/v1/drift/runs/${id}`);
        const run = body as DriftRunView;
        expect(['queued', 'running', 'done']).toContain(run.status);
        return run.status === 'done' ? run : undefined;
      },
      { timeoutMs: 180_000 },
    );
  }

  private get api() {
    return this.geodes.api(this.region);
  }

  private get client() {
    return this.geodes.client(this.region);
  }
}

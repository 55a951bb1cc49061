import type { StampRoute, TenantRoute } from '@lapidary/contracts/directory';
import { PackedReader } from '../directory/packed/packed-reader.js';
import type { TenantGlance } from '../pipeline/locate.js';
import type { TrafficDirectory } from '../traffic.js';

/** A worker's view of the directory that the main thread writes. Another table comes by a message; changes within it are seen at once. */
export class SharedDirectory implements TrafficDirectory {
  private reader: PackedReader | null = null;

  read(memory: SharedArrayBuffer): void {
    this.reader = new PackedReader(memory);
  }

  get isLoaded(): boolean {
    return this.reader !== null;
  }

  get mayLack(): boolean {
    return this.reader?.mayLack ?? false;
  }

  get version(): number {
    return this.reader?.version ?? 0;
  }

  placeOf(tenant: string): number {
    return this.reader?.placeOf(tenant) ?? 0;
  }

  versionAt(place: number): number {
    return this.reader?.versionAt(place) ?? 0;
  }

  get wideVersion(): number {
    return this.reader?.wideVersion ?? 0;
  }

  glance(tenant: string, into: TenantGlance): boolean {
    return this.reader?.glance(tenant, into) ?? false;
  }

  tenant(id: string): TenantRoute | undefined {
    return this.reader?.tenant(id);
  }

  stamp(name: string): StampRoute | undefined {
    return this.reader?.stamp(name);
  }

  tenantOfHost(host: string): string | undefined {
    return this.reader?.tenantOfHost(host);
  }

  frontDoors(): ReadonlySet<string> {
    return this.reader?.frontDoors() ?? new Set();
  }
}

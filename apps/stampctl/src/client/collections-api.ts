import {
  CollectionPageSchema,
  CollectionSchema,
  DocumentPageSchema,
  DocumentSchema,
  PolicyPreviewSchema,
  type CollectionView,
  type DefineCollection,
  type DocumentView,
  type PolicyPreview,
} from '@lapidary/contracts/api/collections';
import { WrittenDocumentsSchema, type DocumentWrite } from '@lapidary/contracts/api/document-writes';
import { newId } from '@lapidary/kernel/ids';
import type { Api } from './api.js';

const collectionPath = (collection: string): string => `/v1/collections/${encodeURIComponent(collection)}`;

/** The calls about collections; the region that is asked answers. */
export class CollectionsApi {
  constructor(readonly api: Api) {}

  async list(limit: number): Promise<{ items: CollectionView[]; next: string | null }> {
    return this.api.all('/v1/collections', CollectionPageSchema, {}, limit);
  }

  async show(collection: string): Promise<CollectionView> {
    return (await this.api.http.request('GET', collectionPath(collection), { schema: CollectionSchema })).value;
  }

  async documents(collection: string, tenant: string | undefined, limit: number): Promise<{ items: DocumentView[]; next: string | null }> {
    return this.api.all(`${collectionPath(collection)}/documents/list`, DocumentPageSchema, { tenant }, limit);
  }

  async document(collection: string, id: string, tenant: string | undefined): Promise<DocumentView> {
    const path = `${collectionPath(collection)}/${encodeURIComponent(id)}`;
    return (await this.api.http.request('GET', path, { schema: DocumentSchema, query: { tenant } })).value;
  }

  async put(collection: string, id: string, tenant: string | undefined, value: unknown): Promise<DocumentView> {
    const path = `${collectionPath(collection)}/${encodeURIComponent(id)}`;
    const options = { schema: DocumentSchema, query: { tenant }, body: { value }, idempotencyKey: newId() };
    return (await this.api.http.request('PUT', path, options)).value;
  }

  /** All, in their order, or none; returns how many changed something. */
  async writeMany(collection: string, tenant: string | undefined, writes: readonly DocumentWrite[]): Promise<number> {
    const options = { schema: WrittenDocumentsSchema, query: { tenant }, body: { writes }, idempotencyKey: newId() };
    return (await this.api.http.request('POST', `${collectionPath(collection)}/documents/write`, options)).value.changed;
  }

  async define(collection: string, body: DefineCollection): Promise<CollectionView> {
    const options = { schema: CollectionSchema, body, idempotencyKey: newId() };
    return (await this.api.http.request('PUT', collectionPath(collection), options)).value;
  }

  async preview(collection: string, body: DefineCollection): Promise<PolicyPreview> {
    return this.api.post(`${collectionPath(collection)}/policy/preview`, PolicyPreviewSchema, body);
  }
}

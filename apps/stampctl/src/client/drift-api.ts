import {
  DriftRunPageSchema,
  DriftRunSchema,
  DriftStatusSchema,
  DriftTrendSchema,
  FindingPageSchema,
  FindingSchema,
  SuppressionPageSchema,
  SuppressionSchema,
  type DriftRunRequest,
  type DriftRunView,
  type DriftStatus,
  type DriftTrend,
  type FindingView,
  type RepairRequest,
  type SuppressionRequest,
  type SuppressionView,
} from '@lapidary/contracts/api/drift';
import * as paths from '@lapidary/contracts/api/paths';
import type { Api } from './api.js';

type Query = Readonly<Record<string, string | number | undefined>>;

/** The calls about drift. Each region keeps its own, so that a question about the fleet is one question per region. */
export class DriftApi {
  constructor(readonly api: Api) {}

  async status(region?: string): Promise<DriftStatus> {
    return (await this.api.http.request('GET', paths.driftPath, { schema: DriftStatusSchema, query: { region } })).value;
  }

  async trend(region: string | undefined, days: number): Promise<DriftTrend> {
    return (await this.api.http.request('GET', paths.driftTrendPath, { schema: DriftTrendSchema, query: { region, days } })).value;
  }

  async findings(query: Query, limit = Infinity): Promise<FindingView[]> {
    return (await this.api.all(paths.driftFindingsPath, FindingPageSchema, query, limit)).items;
  }

  async finding(id: string): Promise<FindingView> {
    return (await this.api.http.request('GET', paths.driftFindingPath(id), { schema: FindingSchema })).value;
  }

  async runs(query: Query, limit: number): Promise<DriftRunView[]> {
    return (await this.api.all(paths.driftRunsPath, DriftRunPageSchema, query, limit)).items;
  }

  async run(id: string): Promise<DriftRunView> {
    return (await this.api.http.request('GET', paths.driftRunPath(id), { schema: DriftRunSchema })).value;
  }

  async startRun(body: DriftRunRequest): Promise<DriftRunView> {
    return this.api.post(paths.driftRunsPath, DriftRunSchema, body);
  }

  async startRepair(body: RepairRequest): Promise<DriftRunView> {
    return this.api.post(paths.driftRepairsPath, DriftRunSchema, body);
  }

  async suppressions(query: Query, limit = Infinity): Promise<SuppressionView[]> {
    return (await this.api.all(paths.driftSuppressionsPath, SuppressionPageSchema, query, limit)).items;
  }

  async suppress(body: SuppressionRequest): Promise<SuppressionView> {
    return this.api.post(paths.driftSuppressionsPath, SuppressionSchema, body);
  }

  async unsuppress(id: string, reason: string | undefined): Promise<SuppressionView> {
    const query = { reason };
    return (await this.api.http.request('DELETE', paths.driftSuppressionPath(id), { schema: SuppressionSchema, query })).value;
  }
}

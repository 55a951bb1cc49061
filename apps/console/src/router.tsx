import { createRootRoute, createRoute, createRouter, Outlet } from '@tanstack/react-router';
import { z } from 'zod';
import { AuditPage } from './audit/audit-page.js';
import { AuditSearchSchema } from './audit/audit-search.js';
import { CapacityPage } from './capacity/capacity-page.js';
import { ConflictSearchSchema } from './conflicts/conflict-search.js';
import { ConflictsPage } from './conflicts/conflicts-page.js';
import { LetterSearchSchema } from './dead-letters/letter-search.js';
import { LettersPage } from './dead-letters/letters-page.js';
import { DriftPage } from './drift/drift-page.js';
import { DriftSearchSchema } from './drift/drift-search.js';
import { FleetSearchSchema } from './fleet/fleet-search.js';
import { OverviewPage } from './fleet/overview-page.js';
import { GeodeSearchSchema } from './geodes/geode-search.js';
import { GeodesPage } from './geodes/geodes-page.js';
import { NameSearchSchema } from './names/name-search.js';
import { NamesPage } from './names/names-page.js';
import { RolloutSearchSchema } from './rollouts/rollout-search.js';
import { RolloutsPage } from './rollouts/rollouts-page.js';
import { RouteSearchSchema } from './routes/route-search.js';
import { RoutePage } from './routes/route-page.js';
import { LoginPage } from './session/login-page.js';
import { ProblemAlert } from './shell/problem-alert.js';
import { TokenSearchSchema } from './tokens/token-search.js';
import { TokensPage } from './tokens/tokens-page.js';

const root = createRootRoute({ component: Outlet, errorComponent: ({ error }) => <ProblemAlert error={error} /> });

const overview = createRoute({
  getParentRoute: () => root,
  path: '/',
  validateSearch: (search) => FleetSearchSchema.parse(search),
  component: OverviewPage,
});

const geodes = createRoute({
  getParentRoute: () => root,
  path: '/geodes',
  validateSearch: (search) => GeodeSearchSchema.parse(search),
  component: GeodesPage,
});

const rollouts = createRoute({
  getParentRoute: () => root,
  path: '/rollouts',
  validateSearch: (search) => RolloutSearchSchema.parse(search),
  component: RolloutsPage,
});

const drift = createRoute({
  getParentRoute: () => root,
  path: '/drift',
  validateSearch: (search) => DriftSearchSchema.parse(search),
  component: DriftPage,
});

const conflicts = createRoute({
  getParentRoute: () => root,
  path: '/conflicts',
  validateSearch: (search) => ConflictSearchSchema.parse(search),
  component: ConflictsPage,
});

const letters = createRoute({
  getParentRoute: () => root,
  path: '/dead-letters',
  validateSearch: (search) => LetterSearchSchema.parse(search),
  component: LettersPage,
});

const capacity = createRoute({ getParentRoute: () => root, path: '/capacity', component: CapacityPage });

const names = createRoute({
  getParentRoute: () => root,
  path: '/names',
  validateSearch: (search) => NameSearchSchema.parse(search),
  component: NamesPage,
});

const routeLookUp = createRoute({
  getParentRoute: () => root,
  path: '/route',
  validateSearch: (search) => RouteSearchSchema.parse(search),
  component: RoutePage,
});

const audit = createRoute({
  getParentRoute: () => root,
  path: '/audit',
  validateSearch: (search) => AuditSearchSchema.parse(search),
  component: AuditPage,
});

const tokens = createRoute({
  getParentRoute: () => root,
  path: '/tokens',
  validateSearch: (search) => TokenSearchSchema.parse(search),
  component: TokensPage,
});

const login = createRoute({
  getParentRoute: () => root,
  path: '/login',
  validateSearch: (search) => z.object({ failed: z.boolean().optional().catch(undefined) }).parse(search),
  component: LoginPage,
});

export const router = createRouter({
  routeTree: root.addChildren([overview, geodes, rollouts, drift, conflicts, letters, capacity, names, routeLookUp, audit, tokens, login]),
  defaultNotFoundComponent: OverviewPage,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}

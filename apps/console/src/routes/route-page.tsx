import { Button, Group, NativeSelect, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { regionsQuery, sessionQuery } from '../api/queries.js';
import { routeQuery, type RouteAsked } from '../api/route-queries.js';
import { useLive } from '../live/use-live.js';
import { PageShell } from '../shell/page-shell.js';
import { Empty, Loaded, Panel } from '../shell/panel.js';
import { plainOrQuoted } from '../shell/quoted.js';
import { regionOption } from '../shell/region-option.js';
import { RouteAnswer } from './route-answer.js';
import type { RouteSearch } from './route-search.js';

/** What a router would do with a request, and why: asked of a router, not guessed. */
export const RoutePage = (): ReactNode => {
  const live = useLive();
  const { host, path, region } = useSearch({ from: '/route' });
  return (
    <PageShell live={live}>
      <Panel title="Route" command={commandOf({ host, path, region })}>
        <Question key={`${host} ${path} ${region}`} search={{ host, path, region }} />
        {host === undefined ? (
          <Empty command="stampctl route acme.lapidary.localhost">
            Say a host name to see to which stamp a router sends it, step by step, or why it refuses:
          </Empty>
        ) : (
          <Answer asked={{ host, path, region }} />
        )}
      </Panel>
    </PageShell>
  );
};

const Answer = ({ asked }: { asked: RouteAsked }): ReactNode => (
  <Loaded query={useQuery(routeQuery(asked))}>{(route) => <RouteAnswer route={route} />}</Loaded>
);

const commandOf = ({ host, path, region }: RouteSearch): string =>
  `stampctl route ${host === undefined ? '<host>' : plainOrQuoted(host)}${path === undefined ? '' : ` --path ${plainOrQuoted(path)}`}${regionOption(region)}`;

const Question = ({ search }: { search: RouteSearch }): ReactNode => {
  const navigate = useNavigate({ from: '/route' });
  const here = useQuery(sessionQuery).data?.region;
  const regions = (useQuery(regionsQuery).data ?? []).map((r) => r.name);
  const [host, setHost] = useState(search.host ?? '');
  const [path, setPath] = useState(search.path ?? '/');
  const region = search.region ?? here ?? '';
  const ask = (change: RouteSearch): void => void navigate({ search: (before) => ({ ...before, ...change }), resetScroll: false });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        ask({ host: host.trim() || undefined, path: path.trim() === '/' || path.trim() === '' ? undefined : path.trim() });
      }}
    >
      <Group gap="sm" mb="sm" align="flex-end">
        <TextInput
          label="Host"
          placeholder="acme.lapidary.localhost"
          value={host}
          onChange={(event) => setHost(event.currentTarget.value)}
          style={{ flex: '1 1 14rem', maxWidth: 360 }}
          autoComplete="off"
        />
        <TextInput label="Path" value={path} onChange={(event) => setPath(event.currentTarget.value)} autoComplete="off" />
        <NativeSelect
          label="Asked of routers in"
          value={region}
          data={[...new Set([...regions, region].filter((name) => name !== ''))]}
          onChange={(event) => ask({ region: event.currentTarget.value === here ? undefined : event.currentTarget.value })}
        />
        <Button type="submit">Look up</Button>
      </Group>
      <Text size="xs" c="dimmed" mb="sm">
        Tenants that are told by claims of a token are looked up with stampctl route --bearer-file.
      </Text>
    </form>
  );
};

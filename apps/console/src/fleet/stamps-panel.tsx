import { Button, Menu, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import type { StampView } from '@lapidary/contracts/api/stamps';
import { regionsQuery, stampsQuery } from '../api/queries.js';
import { figures, HeadedTable } from '../shell/headed-table.js';
import { Empty, Loaded, Panel } from '../shell/panel.js';
import { Status } from '../shell/status.js';
import { TimeAgo } from '../shell/time-ago.js';
import { regionOption } from '../shell/region-option.js';
import { CapacityBar } from './capacity-bar.js';
import { CordonModal, ProvisionModal, UncordonModal } from './stamp-modals.js';
import { nextStampName } from './next-stamp-name.js';

type Open = { readonly what: 'provision' } | { readonly what: 'cordon' | 'uncordon'; readonly stamp: StampView } | null;

export const StampsPanel = ({ region }: { region: string | undefined }): ReactNode => {
  const query = useQuery(stampsQuery);
  const regions = useQuery(regionsQuery).data ?? [];
  const [open, setOpen] = useState<Open>(null);
  const close = (): void => setOpen(null);
  const suggested = nextStampName(query.data ?? [], region ?? regions.find((r) => r.local)?.name ?? regions[0]?.name ?? 'eu');
  const provision = (
    <Button size="xs" onClick={() => setOpen({ what: 'provision' })}>
      Provision a stamp
    </Button>
  );
  return (
    <Panel title="Stamps" command={`stampctl stamps ls${regionOption(region)}`} actions={provision}>
      <Loaded query={query}>
        {(all) => {
          const stamps = all
            .filter((s) => region === undefined || s.region === region)
            .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
          if (stamps.length === 0)
            return <Empty command={`stampctl provision ${suggested}`}>No stamp here yet. A stamp holds tenants:</Empty>;
          return <StampsTable stamps={stamps} act={(what, stamp) => setOpen({ what, stamp })} />;
        }}
      </Loaded>
      {open?.what === 'provision' && <ProvisionModal suggested={suggested} close={close} />}
      {open?.what === 'cordon' && <CordonModal stamp={open.stamp} close={close} />}
      {open?.what === 'uncordon' && <UncordonModal stamp={open.stamp} close={close} />}
    </Panel>
  );
};

const StampsTable = ({
  stamps,
  act,
}: {
  stamps: readonly StampView[];
  act: (what: 'cordon' | 'uncordon', stamp: StampView) => void;
}): ReactNode => (
  <HeadedTable
    label="Stamps"
    head={[
      'Stamp',
      'Status',
      'Health',
      'Units taken',
      figures('Tenants'),
      'Ring',
      figures('Epoch'),
      'Template',
      { children: <span className="quiet">Actions</span> },
    ]}
    highlightOnHover
  >
    {stamps.map((stamp) => (
      <StampRow key={stamp.name} stamp={stamp} act={act} />
    ))}
  </HeadedTable>
);

const StampRow = ({ stamp, act }: { stamp: StampView; act: (what: 'cordon' | 'uncordon', stamp: StampView) => void }): ReactNode => (
  <Table.Tr>
    <Table.Th scope="row" className="numeric">
      {stamp.name}
    </Table.Th>
    <Table.Td>
      <Status value={stamp.status} />
      {stamp.cordoned && (
        <Text size="xs" className="passing">
          cordoned: {stamp.cordonReason ?? 'no reason given'}
        </Text>
      )}
    </Table.Td>
    <Table.Td>
      <Status value={stamp.health} />
      {stamp.healthReason && (
        <Text size="xs" className="passing">
          {stamp.healthReason}
        </Text>
      )}
      <Text size="xs" c="dimmed" className="numeric">
        {stamp.lastHeartbeatAt !== null ? (
          <TimeAgo at={stamp.lastHeartbeatAt} />
        ) : stamp.health === 'unknown' ? (
          stamp.healthReason === null && 'no heartbeat yet'
        ) : (
          `as ${stamp.region} tells`
        )}
      </Text>
    </Table.Td>
    <Table.Td>
      <CapacityBar label={stamp.name} taken={stamp.used.units + stamp.reserved.units} capacity={stamp.capacity.units} />
    </Table.Td>
    <Table.Td ta="right" className="numeric">
      {stamp.tenants}
    </Table.Td>
    <Table.Td>{stamp.ring}</Table.Td>
    <Table.Td ta="right" className="numeric">
      {stamp.epoch}
    </Table.Td>
    <Table.Td className="numeric">{stamp.templateVersion ?? '–'}</Table.Td>
    <Table.Td>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <Button size="compact-xs" variant="default" aria-label={`Actions for ${stamp.name}`}>
            ⋯
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {stamp.cordoned ? (
            <Menu.Item onClick={() => act('uncordon', stamp)}>Uncordon: take new tenants again</Menu.Item>
          ) : (
            <Menu.Item onClick={() => act('cordon', stamp)}>Cordon: place no new tenants here</Menu.Item>
          )}
          <Menu.Item onClick={() => void navigator.clipboard.writeText(`stampctl stamps show ${stamp.name}`)}>
            Copy “stampctl stamps show {stamp.name}”
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </Table.Td>
  </Table.Tr>
);

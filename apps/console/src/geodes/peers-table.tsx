import { Table, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { GeodeView } from '@lapidary/contracts/api/replication';
import { figures, HeadedTable } from '../shell/headed-table.js';
import { Status } from '../shell/status.js';
import { TimeAgo } from '../shell/time-ago.js';

type Peer = GeodeView['peers'][number];

const head = [
  'Region',
  'Link',
  'Documents',
  figures('To take in'),
  figures('Owed to it'),
  { ...figures('Visible after'), title: 'Median and 99th percentile of the last quarter of an hour' },
  figures('Held'),
  figures('Intents'),
  'Last event',
];

/** How the region stands with each other one: what it has not taken in yet, and what the other has not. */
export const PeersTable = ({ peers }: { peers: readonly Peer[] }): ReactNode => (
  <HeadedTable label="Other regions" head={head}>
    {peers.map((peer) => (
      <Table.Tr key={peer.region} data-testid={`peer-${peer.region}`}>
        <Table.Th scope="row" fw={400}>
          <Link to="/geodes" search={{ region: peer.region }} className="linklike">
            {peer.region}
          </Link>
        </Table.Th>
        <Table.Td>
          <LinkState peer={peer} />
          <Signatures of={peer.signatures} />
        </Table.Td>
        <Table.Td>
          <Digest peer={peer} />
        </Table.Td>
        <Figure>{peer.behind.toLocaleString('en')}</Figure>
        <Figure>{peer.owed === null ? 'not known' : peer.owed.toLocaleString('en')}</Figure>
        <Figure>{convergenceText(peer.convergence)}</Figure>
        <Figure>{(peer.held ?? 0).toLocaleString('en')}</Figure>
        <Figure>{(peer.intents ?? 0).toLocaleString('en')}</Figure>
        <Table.Td>
          <TimeAgo at={peer.lastEventAt} />
        </Table.Td>
      </Table.Tr>
    ))}
  </HeadedTable>
);

const Figure = ({ children }: { children: ReactNode }): ReactNode => (
  <Table.Td ta="right" className="numeric">
    {children}
  </Table.Td>
);

const LinkState = ({ peer: { link, cutSince, cutBecause, setBackSince, protocol } }: { peer: Peer }): ReactNode => {
  if (setBackSince) return <Noted value="failed" word="restored from a backup" since={setBackSince} />;
  if (link === 'cut')
    return (
      <>
        <Noted value="cut" word="cut off" since={cutSince} />
        {cutBecause && <Text size="xs">{cutBecause}</Text>}
      </>
    );
  if (protocol && protocol.agreed === null) return <Status value="failed">speaks another protocol</Status>;
  return <Status value={link}>linked</Status>;
};

/** Whether what comes in the region’s name is believed by its signature, and what was not of late; nothing where all is well. */
const Signatures = ({ of }: { of: Peer['signatures'] }): ReactNode => {
  const [last] = of?.refused ?? [];
  if (last) return <Noted value="failed" word={`refused: ${last.what} not signed by it`} since={last.lastAt} />;
  return of?.required === false ? <Text size="xs">believed unsigned</Text> : null;
};

/** With writes on their way the two differ for a moment: it is the time since which they do that counts. */
const Digest = ({ peer: { digest, agreedAt } }: { peer: Peer }): ReactNode => {
  if (digest === 'agrees') return <Status value="passed">the same</Status>;
  if (digest === 'unknown') return <Status value="unknown">not known</Status>;
  return <Noted value="pending" word="differ" since={agreedAt} before="the same " />;
};

const Noted = ({ value, word, since, before = '' }: { value: string; word: string; since: string | null; before?: string }): ReactNode => (
  <>
    <Status value={value}>{word}</Status>
    <Text size="xs" c="dimmed" className="numeric">
      {before}
      <TimeAgo at={since} />
    </Text>
  </>
);

/** Median and 99th percentile of the last quarter of an hour, in milliseconds. */
const convergenceText = (c: Peer['convergence']): string =>
  c === undefined || c.p50Ms === null || c.p99Ms === null ? 'nothing told' : `${Math.round(c.p50Ms)} / ${Math.round(c.p99Ms)} ms`;

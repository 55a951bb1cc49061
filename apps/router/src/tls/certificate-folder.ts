import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '@lapidary/kernel/app-error';
import { fileFingerprint } from '@lapidary/config/hot-value';
import { CertificateSet, parseCertificate, type Certificate } from './certificates.js';

const certificateEnding = '.crt';
const keyEnding = '.key';

export interface Refused {
  readonly label: string;
  readonly reason: string;
}

/** `<label>.crt` (with its chain) beside `<label>.key`, in PEM. */
const labelsIn = async (folder: string): Promise<string[]> =>
  (await readdir(folder))
    .filter((file) => file.endsWith(certificateEnding))
    .map((file) => file.slice(0, -certificateEnding.length))
    .sort();

const filesOf = (folder: string, label: string): [string, string] => [
  join(folder, label + certificateEnding),
  join(folder, label + keyEnding),
];

const printOf = async (files: readonly string[]): Promise<string> =>
  (await Promise.all(files.map((file) => fileFingerprint(file).catch(() => `${file}: missing`)))).join('\n');

/** The state of its files that each was read from: one whose files stay isn't read again because of another one. */
const readFrom = new WeakMap<Certificate, string>();

/** Differs whenever a pair may have come, gone or changed. */
export const folderFingerprint = async (folder: string): Promise<string> =>
  printOf((await labelsIn(folder)).flatMap((label) => filesOf(folder, label)));

/**
 * The folder's certificates. A pair that is of no use is told to `onRefused`, and the pair that `before` has under its label stays: one bad
 * file must not take other names down, nor its own. Throws `config_invalid` where there is none at all.
 */
export const readCertificates = async (
  folder: string,
  before: CertificateSet | null,
  onRefused: (refused: Refused) => void,
): Promise<CertificateSet> => {
  const labels = await labelsIn(folder).catch((error: NodeJS.ErrnoException) => {
    throw new AppError('config_invalid', `LAPIDARY_TLS_DIR: can't be read: ${error.code ?? 'error'}`);
  });
  const read = await Promise.all(labels.map((label) => readPair(folder, label, before, onRefused)));
  const usable = read.filter((certificate) => certificate !== undefined);
  if (usable.length === 0)
    throw new AppError('config_invalid', 'LAPIDARY_TLS_DIR: there is no usable certificate: <name>.crt beside <name>.key, in PEM');
  return new CertificateSet(usable);
};

const readPair = async (
  folder: string,
  label: string,
  before: CertificateSet | null,
  onRefused: (refused: Refused) => void,
): Promise<Certificate | undefined> => {
  const files = filesOf(folder, label);
  const known = before?.byLabel.get(label);
  try {
    // As it was before reading: what changes meanwhile is seen the next time.
    const print = await printOf(files);
    if (known && readFrom.get(known) === print && known.endsAtMs > Date.now()) return known;
    const [certificatePem, keyPem] = await Promise.all([readFile(files[0]), readFile(files[1])]);
    const certificate = parseCertificate(label, certificatePem, keyPem, Date.now());
    readFrom.set(certificate, print);
    return certificate;
  } catch (error) {
    onRefused({ label, reason: (error as Error).message });
    return known;
  }
};

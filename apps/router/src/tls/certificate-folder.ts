import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '@lapidary/kernel/app-error';
import { fileFingerprint } from '../hot-value.js';
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

/** Differs whenever a pair may have come, gone or changed. */
export const folderFingerprint = async (folder: string): Promise<string> => {
  const files = (await labelsIn(folder)).flatMap((label) => filesOf(folder, label));
  const prints = await Promise.all(files.map((file) => fileFingerprint(file).catch(() => `${file}: missing`)));
  return prints.join('\n');
};

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
  const [certificateFile, keyFile] = filesOf(folder, label);
  try {
    const [certificate, key] = await Promise.all([readFile(certificateFile), readFile(keyFile)]);
    return parseCertificate(label, certificate, key, Date.now());
  } catch (error) {
    onRefused({ label, reason: (error as Error).message });
    return before?.byLabel.get(label);
  }
};

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const kmsRegion = 'eu-west-1';
const arnOf = (id: string): string => `arn:aws:kms:${kmsRegion}:111122223333:key/${id}`;
const nonceBytes = 12;
const tagBytes = 16;

interface KmsRequest {
  readonly KeyId?: string;
  readonly CiphertextBlob?: string;
  readonly EncryptionContext?: Readonly<Record<string, string>>;
}

class KmsRefusal extends Error {
  constructor(readonly type: string) {
    super(`refused by the test: ${type}`);
  }
}

/**
 * KMS at the border: the JSON protocol over HTTP (X-Amz-Target: TrentService.…), envelope encryption with the encryption context
 * authenticated, and the ways in which it refuses. The real SDK talks to it, signatures, retries and all.
 */
export class KmsServer {
  /** Target and encryption context of each call that was let in, in order. */
  readonly calls: string[] = [];
  /** Type of the error with which calls are answered; taken off the front, one per call. `reset` cuts the connection. */
  readonly upcoming: string[] = [];
  /** Error for every call, until it is taken away. */
  refusal: string | undefined;
  private readonly keys = new Map<string, Buffer>();
  private readonly aliases = new Map<string, string>();
  private readonly server = createServer((request, response) => void this.answer(request, response));

  static async start(): Promise<KmsServer> {
    const kms = new KmsServer();
    kms.addKey('state', 'alias/lapidary');
    await new Promise<void>((resolve) => kms.server.listen(0, '127.0.0.1', resolve));
    return kms;
  }

  /** As LAPIDARY_ENGINE_STATE_KEY takes it. */
  keyUrl(keyId = 'alias/lapidary'): string {
    const { port } = this.server.address() as AddressInfo;
    const host = keyId.startsWith('arn:') ? `/${keyId}` : keyId;
    return `awskms://${host}?region=${kmsRegion}&endpoint=${encodeURIComponent(`http://127.0.0.1:${port}`)}`;
  }

  addKey(id: string, alias: string): string {
    this.keys.set(arnOf(id), randomBytes(32));
    this.aliases.set(alias, arnOf(id));
    return arnOf(id);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await textOf(request);
    try {
      this.letIn(request);
      const type = this.upcoming.shift() ?? this.refusal;
      if (type === 'reset') return void request.socket.destroy();
      if (type !== undefined) throw new KmsRefusal(type);
      const target = String(request.headers['x-amz-target']);
      const asked = JSON.parse(body) as KmsRequest;
      this.calls.push(`${target.replace('TrentService.', '')} ${JSON.stringify(asked.EncryptionContext)}`);
      reply(response, 200, this.perform(target, asked));
    } catch (error) {
      const type = error instanceof KmsRefusal ? error.type : 'KMSInternalException';
      reply(response, type === 'KMSInternalException' ? 500 : 400, { __type: type, message: String(error) });
    }
  }

  /** Whether it is signed at all, for this region and service; the signature itself is the SDK's business. */
  private letIn({ headers }: IncomingMessage): void {
    const scope = `/${kmsRegion}/kms/aws4_request`;
    const authorization = headers.authorization ?? '';
    if (!authorization.startsWith('AWS4-HMAC-SHA256 Credential=') || !authorization.includes(scope))
      throw new KmsRefusal('MissingAuthenticationTokenException');
  }

  private perform(target: string, asked: KmsRequest): object {
    if (target === 'TrentService.GenerateDataKey') return this.generate(asked);
    if (target === 'TrentService.Decrypt') return this.decrypt(asked);
    throw new KmsRefusal('UnknownOperationException');
  }

  private generate({ KeyId = '', EncryptionContext }: KmsRequest): object {
    const arn = this.aliases.get(KeyId) ?? KeyId;
    const plaintext = randomBytes(32);
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv('aes-256-gcm', this.keyOf(arn), nonce).setAAD(contextBytes(EncryptionContext));
    const sealed = Buffer.concat([cipher.update(plaintext), cipher.final()]);
    const blob = Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
    return { KeyId: arn, Plaintext: plaintext.toString('base64'), CiphertextBlob: blob.toString('base64') };
  }

  private decrypt({ KeyId = '', CiphertextBlob = '', EncryptionContext }: KmsRequest): object {
    const blob = Buffer.from(CiphertextBlob, 'base64');
    const decipher = createDecipheriv('aes-256-gcm', this.keyOf(KeyId), blob.subarray(0, nonceBytes)).setAAD(
      contextBytes(EncryptionContext),
    );
    try {
      decipher.setAuthTag(blob.subarray(nonceBytes, nonceBytes + tagBytes));
      const plaintext = Buffer.concat([decipher.update(blob.subarray(nonceBytes + tagBytes)), decipher.final()]);
      return { KeyId, Plaintext: plaintext.toString('base64') };
    } catch {
      throw new KmsRefusal('InvalidCiphertextException');
    }
  }

  private keyOf(arn: string): Buffer {
    const key = this.keys.get(arn);
    if (key === undefined) throw new KmsRefusal('NotFoundException');
    return key;
  }
}

const contextBytes = (context: KmsRequest['EncryptionContext']): Buffer =>
  Buffer.from(JSON.stringify(Object.entries(context ?? {}).toSorted()));

const textOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
};

const reply = (response: ServerResponse, status: number, body: object): void => {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
};

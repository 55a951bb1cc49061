import { Modal, Text } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { CreateTokenForm } from './create-token-form.js';
import { canMakeSecrets } from './new-secret.js';
import { SecretOnce, type Made } from './secret-once.js';

/** A token with its roles; then its secret, once. While that is shown only its button closes the window: a slip of the hand must not lose it. */
export const CreateTokenModal = ({ close }: { close: () => void }): ReactNode => {
  const [made, setMade] = useState<Made | null>(null);
  return (
    <Modal
      opened
      onClose={close}
      title={made === null ? 'Let somebody in' : `The secret of ${made.name}`}
      centered
      size="lg"
      closeOnEscape={made === null}
      closeOnClickOutside={made === null}
      withCloseButton={made === null}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {made !== null ? (
        <SecretOnce made={made} close={close} />
      ) : canMakeSecrets() ? (
        <CreateTokenForm done={setMade} close={close} />
      ) : (
        <Text size="sm">
          The secret is made in the browser, which takes a page over HTTPS. Open the console that way, or use{' '}
          <code>stampctl tokens create</code>.
        </Text>
      )}
    </Modal>
  );
};

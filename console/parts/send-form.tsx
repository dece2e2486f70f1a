import { Button, Flex, TextField } from "@radix-ui/themes";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { text } from "../strings.ts";
import { Failure } from "./loaded.tsx";

/** A line to write a message in. `send` rejects with the reason if it could not be sent. */
export function SendForm({ send }: { send: (message: string) => Promise<unknown> }) {
  const [message, setMessage] = useState("");
  const sending = useMutation({ mutationFn: send, onSuccess: () => setMessage("") });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (message.trim() !== "") sending.mutate(message);
  };
  return (
    <form onSubmit={submit}>
      <Failure error={sending.error} />
      <Flex gap="2" mt="2">
        <TextField.Root
          style={{ flex: 1 }}
          aria-label={text.message}
          placeholder={text.message}
          value={message}
          onChange={(event) => setMessage(event.target.value)}
        />
        <Button type="submit" loading={sending.isPending}>
          {text.send}
        </Button>
      </Flex>
    </form>
  );
}

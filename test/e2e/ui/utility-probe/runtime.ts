/** The probe's runtime: adds its argument to what it is sent, over the port that main handed it. */
import { openParentChannel } from "../../../../src/host/parent-channel.ts";

const channel = openParentChannel();
process.stderr.write("the runtime speaks\n");
channel?.onMessage((message) => {
  const { value } = message as { value?: number };
  if (value !== undefined) channel.post({ sum: value + Number(process.argv[2]) });
});

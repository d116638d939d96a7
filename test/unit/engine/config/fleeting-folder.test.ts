import { describe, expect, it } from "vitest";
import { placeIn } from "../../../../src/engine/config/fleeting-folder.ts";

const HEX = "0123456789abcdef".repeat(4);
const ROOT = "611 500 0:55 / / rw,relatime master:1 - overlay overlay rw,lowerdir=/l";
const PROC = "612 611 0:60 / /proc rw,nosuid - proc proc rw";
/** A line of mountinfo for the data folder, out of this folder of the machine's disk. */
const data = (root: string) => `620 611 8:1 ${root} /var/lib/bellows rw,relatime - ext4 /dev/sda1 rw`;
const place = (...lines: string[]) => placeIn(lines.join("\n"), "/var/lib/bellows/live/identity", true);

describe("the data folder of a container", () => {
  it("goes with it in its own layer, and in a volume that nobody named", () => {
    expect(place(ROOT, PROC)).toBe("container");
    expect(place(ROOT, PROC, data(`/var/lib/docker/volumes/${HEX}/_data`))).toBe("volume");
    expect(place(ROOT, PROC, data(`/volumes/${HEX}/_data`))).toBe("volume");
    expect(
      place(ROOT, data(`/var/lib/containerd/io.containerd.grpc.v1.cri/containers/9f/volumes/${HEX}`)),
    ).toBe("volume");
    expect(place(ROOT, data("/var/lib/kubelet/pods/1b-2c/volumes/kubernetes.io~empty-dir/data"))).toBe("pod");
  });

  it("stays in a volume with a name, in a folder of the machine, and in a claim", () => {
    expect(place(ROOT, PROC, data("/var/lib/docker/volumes/bellows-data/_data"))).toBe(null);
    expect(place(ROOT, PROC, data("/srv/bellows"))).toBe(null);
    expect(place(ROOT, data("/var/lib/kubelet/pods/1b/volumes/kubernetes.io~csi/pvc-1/mount"))).toBe(null);
    // Mounted over a volume without a name, it is what counts.
    expect(place(ROOT, data(`/var/lib/docker/volumes/${HEX}/_data`), data("/srv/bellows"))).toBe(null);
  });

  it("is known by the nearest mount above it, blanks and all", () => {
    const at = (folder: string) =>
      placeIn(
        [ROOT, `620 611 8:1 /docker/volumes/${HEX}/_data /srv/my\\040data rw - ext4 /dev/sda1 rw`].join("\n"),
        folder,
        true,
      );
    expect(at("/srv/my data/live")).toBe("volume");
    expect(at("/srv/my database")).toBe("container");
  });
});

it("tells nothing of a machine that is no container, nor without mounts", () => {
  expect(placeIn(ROOT, "/var/lib/bellows", false)).toBe(null);
  expect(placeIn("27 1 254:0 / / rw - ext4 /dev/vda rw", "/var/lib/bellows", true)).toBe(null);
  expect(placeIn("", "/var/lib/bellows", true)).toBe(null);
});

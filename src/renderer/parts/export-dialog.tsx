/** Something long as a file: read piece by piece, put together here and saved; closing the dialog stops it. */
import { type ReactNode, useRef, useState } from "react";
import { fileDate } from "../format/time.ts";
import { ConfirmDialog } from "./controls/confirm-dialog.tsx";
import { saveText } from "./save-text.ts";

export interface ExportPiece {
  readonly text: string;
  readonly rows: number;
}

interface ExportDialogProps {
  readonly title: string;
  readonly words: string;
  readonly save: string;
  /** On the button meanwhile. */
  readonly writing: (rows: number) => string;
  /** The day comes between the two. */
  readonly file: { readonly name: string; readonly extension: string; readonly type: string };
  readonly pieces: () => AsyncIterable<ExportPiece>;
  readonly onClose: () => void;
  /** What to write is not known yet. */
  readonly blocked?: boolean;
  /** What can be chosen about it. */
  readonly children?: ReactNode;
}

export function ExportDialog(props: ExportDialogProps) {
  const { title, words, save, writing, file, pieces, onClose, blocked = false, children } = props;
  const [rows, setRows] = useState<number | null>(null);
  const cancelled = useRef(false);
  const write = async () => {
    setRows(0);
    try {
      const texts: string[] = [];
      let all = 0;
      for await (const piece of pieces()) {
        if (cancelled.current) return;
        texts.push(piece.text);
        all += piece.rows;
        setRows(all);
      }
      saveText(`${file.name}-${fileDate(Date.now())}.${file.extension}`, texts, file.type);
    } finally {
      setRows(null);
    }
  };
  return (
    <ConfirmDialog
      open
      onClose={() => {
        cancelled.current = true;
        onClose();
      }}
      title={title}
      words={words}
      confirm={rows === null ? save : writing(rows)}
      blocked={blocked}
      onConfirm={write}
    >
      {children}
    </ConfirmDialog>
  );
}

/**
 * Named tensors from the files in which models are published.
 *
 * <p>{@link jot.checkpoint.Checkpoint#open(java.nio.file.Path)} is the one way in, for a file, an index of shards or a folder. The format
 * is told from how a file begins, never from its name. Opening reads headers only; data stays in the mapped file until somebody asks for
 * it, and is copied only where it is not packed, little-endian and in C order.
 *
 * <table>
 * <caption>What is read</caption>
 * <tr><th scope="col">Format</th><th scope="col">Covered</th><th scope="col">Refused by name</th></tr>
 * <tr><td>safetensors</td><td>all data types of its definition, at any alignment; metadata</td>
 * <td>gaps, overlaps, headers above 100 MB, as its reference library does</td></tr>
 * <tr><td>PyTorch archive (zip and pickle)</td><td>tensors in any container, by dotted names; shared storages, transposed and other strided
 * views, parameters, 8-bit floats and unsigned types, archives of big-endian machines, archives that were compressed again</td>
 * <td>every other object that a pickle may name, TorchScript, complex doubles, quantised tensors</td></tr>
 * <tr><td>PyTorch before 1.6 (pickles and storages in a row)</td><td>the same, views of storages included</td>
 * <td>files of big-endian machines</td></tr>
 * <tr><td>NumPy {@code .npy} and {@code .npz}</td><td>plain numbers and truth values, either byte order, C and Fortran order, compressed
 * archives</td><td>objects, structures, text, dates, extended and complex doubles</td></tr>
 * <tr><td>{@code model.safetensors.index.json}, {@code pytorch_model.bin.index.json}</td><td>shards within the folder</td>
 * <td>names that leave the folder, shards or tensors that are missing or there twice</td></tr>
 * </table>
 *
 * <p>Files are treated as hostile: every offset, length and count is checked before it is used, nothing in a file is ever executed, nesting
 * is bounded, and memory is bounded by a small multiple of the file's size. What is wrong comes as
 * {@link jot.checkpoint.CheckpointFormatException}, with file, place, expectation and finding.
 *
 * <p>Sources: the safetensors format page; PyTorch's {@code torch/serialization.py} and {@code torch/_utils.py}; CPython's
 * {@code pickletools.py}; PKWARE's APPNOTE.TXT; NumPy's {@code numpy.lib.format}.
 */
package jot.checkpoint;

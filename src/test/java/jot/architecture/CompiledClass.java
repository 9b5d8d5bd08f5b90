package jot.architecture;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.AttributedElement;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.attribute.InnerClassInfo;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.constantpool.MemberRefEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.lang.classfile.constantpool.Utf8Entry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * What a class file says of the class and of all that it uses.
 *
 * <p>Everything is read from the constant pool, so code, signatures, annotations and method references count alike. A compile-time
 * constant of another class is copied by the compiler and leaves no trace.
 *
 * @param name    the binary name, with a dollar sign before a nested class
 * @param types   the binary names of the types of Jot that it names, itself included
 * @param members the methods and fields that it uses
 * @param open    whether it is public, or public or protected in the class around it
 * @param shown   the types of Jot that it shows its users: those of its supertypes, and of its public and protected members
 */
record CompiledClass(String name, Set<String> types, Set<Member> members, boolean open, Set<String> shown) {
    private static final int SEEN_OUTSIDE = ClassFile.ACC_PUBLIC | ClassFile.ACC_PROTECTED;
    private static final Pattern TYPE_IN_DESCRIPTOR = Pattern.compile("L(jot/[\\w/$]+)[;<]");

    /** A method or field: the class that it is called on, its name and its descriptor. */
    record Member(String owner, String name, String descriptor) {
    }

    /** Reads one class file. */
    static CompiledClass parse(byte[] file) {
        ClassModel model = ClassFile.of().parse(file);
        Set<String> types = new TreeSet<>();
        Set<Member> members = StreamSupport.stream(model.constantPool().spliterator(), false)
            .peek(entry -> addTypes(entry, types))
            .filter(MemberRefEntry.class::isInstance)
            .map(MemberRefEntry.class::cast)
            .map(entry -> new Member(binary(entry.owner().asInternalName()), entry.name().stringValue(), entry.type().stringValue()))
            .collect(Collectors.toSet());
        return new CompiledClass(binary(model.thisClass().asInternalName()), types, members, isOpen(model), shown(model));
    }

    /** The flags of a nested class are those that the class around it gives it. */
    private static boolean isOpen(ClassModel model) {
        int flags = model.findAttribute(Attributes.innerClasses()).stream()
            .flatMap(nested -> nested.classes().stream())
            .filter(nested -> nested.innerClass().equals(model.thisClass()))
            .mapToInt(InnerClassInfo::flagsMask)
            .findFirst().orElse(model.flags().flagsMask());
        return (flags & SEEN_OUTSIDE) != 0;
    }

    private static Set<String> shown(ClassModel model) {
        Set<String> shown = new TreeSet<>();
        Stream.concat(model.superclass().stream(), model.interfaces().stream()).forEach(type -> addTypes(type, shown));
        addSignature(model, shown);
        model.fields().stream().filter(field -> (field.flags().flagsMask() & SEEN_OUTSIDE) != 0).forEach(field -> {
            addTypes(field.fieldType(), shown);
            addSignature(field, shown);
        });
        model.methods().stream().filter(method -> (method.flags().flagsMask() & SEEN_OUTSIDE) != 0).forEach(method -> {
            addTypes(method.methodType(), shown);
            addSignature(method, shown);
            method.findAttribute(Attributes.exceptions()).ifPresent(thrown -> thrown.exceptions().forEach(type -> addTypes(type, shown)));
        });
        return shown;
    }

    private static void addSignature(AttributedElement element, Set<String> types) {
        element.findAttribute(Attributes.signature()).ifPresent(generic -> addTypes(generic.signature(), types));
    }

    /** Reads every class file below a folder, module and package declarations left out. */
    static List<CompiledClass> below(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files
                .filter(file -> file.toString().endsWith(".class"))
                .filter(file -> !file.getFileName().toString().endsWith("-info.class"))
                .sorted()
                .map(CompiledClass::parse)
                .toList();
        }
    }

    private static CompiledClass parse(Path file) {
        try {
            return parse(Files.readAllBytes(file));
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    private static void addTypes(PoolEntry entry, Set<String> types) {
        switch (entry) {
            case ClassEntry type when type.asInternalName().startsWith("jot/") -> types.add(binary(type.asInternalName()));
            case Utf8Entry text -> TYPE_IN_DESCRIPTOR.matcher(text.stringValue()).results()
                .forEach(match -> types.add(binary(match.group(1))));
            default -> {
            }
        }
    }

    private static String binary(String internalName) {
        return internalName.replace('/', '.');
    }

    String packageName() {
        return packageOf(name);
    }

    boolean isTopLevel() {
        return name.indexOf('$') < 0;
    }

    Set<String> packagesUsed() {
        return types.stream().map(CompiledClass::packageOf).collect(Collectors.toCollection(TreeSet::new));
    }

    static String packageOf(String binaryName) {
        return binaryName.substring(0, Math.max(0, binaryName.lastIndexOf('.')));
    }
}

package jot.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Signature;
import java.lang.classfile.attribute.ExceptionsAttribute;
import java.lang.classfile.attribute.InnerClassInfo;
import java.lang.classfile.attribute.InnerClassesAttribute;
import java.lang.classfile.attribute.SignatureAttribute;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.reflect.AccessFlag;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Shows on tiny made-up classes that each of the {@link HouseRules} can be broken, and that keeping to it is not reported. */
@Tag("module-path")
class HouseRulesTest {
    private static final int NATIVE = ClassFile.ACC_NATIVE;
    private static final ClassDesc MATH = ClassDesc.of("java.lang.Math");
    private static final MethodTypeDesc DOUBLE_TO_DOUBLE = MethodTypeDesc.ofDescriptor("(D)D");

    @ParameterizedTest
    @CsvSource({"jot.cli, jot", "jot.cli, jot.json", "jot, jot.loading", "jot.loading, jot.model.family", "jot.model.family, jot.model",
        "jot.model, jot.tensor", "jot.model, jot.checkpoint", "jot.sampling, jot.json", "jot.checkpoint, jot.json", "jot.model, jot.model"})
    void allowsWhatIsFurtherRight(String user, String used) {
        assertEquals(List.of(), rules(calls(user + ".User", used + ".Used")).wrongDirections());
    }

    @ParameterizedTest
    @CsvSource({"jot.json, jot.tensor", "jot.tensor, jot.checkpoint", "jot.sampling, jot.model", "jot.tokenizer, jot.sampling",
        "jot.model, jot.model.family", "jot.generation, jot.loading", "jot, jot.cli", "jot.elsewhere, jot.json", "jot, jot.elsewhere"})
    void refusesWhatIsFurtherLeftBesideOrUnknown(String user, String used) {
        String expected = user + ".User uses " + used + ".Used";
        List<String> found = rules(calls(user + ".User", used + ".Used")).wrongDirections();
        assertTrue(found.contains(expected), found.toString());
    }

    /** A type that only a signature names is used all the same. */
    @Test
    void seesTypesThatOnlyADescriptorNames() {
        byte[] file = ClassFile.of().build(ClassDesc.of("jot.json.Reader"), type ->
            type.withField("rows", ClassDesc.of("jot.tensor.Matrix").arrayType(), 0));
        assertEquals(List.of("jot.json.Reader uses jot.tensor.Matrix"), rules(CompiledClass.parse(file)).wrongDirections());
    }

    @Test
    void reportsACycleOnce() {
        assertEquals(List.of("jot.a -> jot.b -> jot.c -> jot.a"),
            rules(calls("jot.b.B", "jot.c.C"), calls("jot.c.C", "jot.a.A"), calls("jot.a.A", "jot.b.B")).cycles());
        assertEquals(List.of(), rules(calls("jot.a.A", "jot.b.B"), calls("jot.b.B", "jot.c.C"), calls("jot.a.A", "jot.c.C")).cycles());
    }

    @ParameterizedTest
    @ValueSource(strings = {"out", "err"})
    void onlyTheCommandLineMayPrint(String stream) {
        Consumer<CodeBuilder> print = code -> code.getstatic(
            ClassDesc.of("java.lang.System"), stream, ClassDesc.of("java.io.PrintStream")).pop();
        assertEquals(1, rules(type("jot.model.Block", print)).printing().size());
        assertEquals(List.of(), rules(type("jot.cli.Main", print)).printing());
    }

    @Test
    void printingAStackTraceIsPrinting() {
        Consumer<CodeBuilder> trace = code -> code.aconst_null().invokevirtual(
            ClassDesc.of("java.io.IOException"), "printStackTrace", MethodTypeDesc.ofDescriptor("()V"));
        assertEquals(1, rules(type("jot.loading.ModelLoader", trace)).printing().size());
    }

    @ParameterizedTest
    @ValueSource(strings = {"exp", "tanh", "sin", "cos", "log"})
    void refusesInexactFunctionsInArithmetic(String function) {
        Consumer<CodeBuilder> call = code -> code.dconst_1().invokestatic(MATH, function, DOUBLE_TO_DOUBLE).pop2();
        assertEquals(List.of("jot.tensor.Kernels uses java.lang.Math." + function + " (D)D"),
            rules(type("jot.tensor.Kernels", call)).inexactArithmetic());
        assertEquals(List.of(), rules(type("jot.cli.Bench", call)).inexactArithmetic());
    }

    @Test
    void allowsExactFunctionsInArithmetic() {
        Consumer<CodeBuilder> root = code -> code.dconst_1().invokestatic(MATH, "sqrt", DOUBLE_TO_DOUBLE).pop2();
        Consumer<CodeBuilder> strict = code -> code.dconst_1()
            .invokestatic(ClassDesc.of("java.lang.StrictMath"), "exp", DOUBLE_TO_DOUBLE).pop2();
        assertEquals(List.of(), rules(type("jot.tensor.A", root), type("jot.tensor.B", strict)).inexactArithmetic());
    }

    @ParameterizedTest
    @CsvSource({"FloatVector, 1", "DoubleVector, 1", "IntVector, 0"})
    void refusesSumsOverFloatingLanes(String vector, int expected) {
        Consumer<CodeBuilder> sum = code -> code.aconst_null().aconst_null().invokevirtual(
            ClassDesc.of("jdk.incubator.vector." + vector), "reduceLanes",
            MethodTypeDesc.ofDescriptor("(Ljdk/incubator/vector/VectorOperators$Associative;)F")).pop();
        assertEquals(expected, rules(type("jot.tensor.VectorKernels", sum)).inexactArithmetic().size());
    }

    @ParameterizedTest
    @CsvSource({"EXP, 1", "TANH, 1", "ADD, 0", "MAX, 0"})
    void refusesLaneWiseFunctionsOfThePlatform(String operator, int expected) {
        Consumer<CodeBuilder> read = code -> code.getstatic(ClassDesc.of("jdk.incubator.vector.VectorOperators"), operator,
            ClassDesc.of("jdk.incubator.vector.VectorOperators$Unary")).pop();
        assertEquals(expected, rules(type("jot.model.Attention", read)).inexactArithmetic().size());
    }

    @ParameterizedTest
    @CsvSource({"(Ljdk/incubator/vector/FloatVector;)V, 1", "(I)Ljdk/incubator/vector/IntVector;, 1",
        "([FLjdk/incubator/vector/VectorMask;)V, 0", "(Ljdk/incubator/vector/VectorSpecies;[F)V, 0"})
    void refusesMethodsThatTakeOrReturnVectors(String descriptor, int expected) {
        MethodTypeDesc type = MethodTypeDesc.ofDescriptor(descriptor);
        Consumer<CodeBuilder> call = code -> {
            type.parameterList().forEach(parameter -> {
                if (parameter.isPrimitive()) {
                    code.iconst_0();
                } else {
                    code.aconst_null();
                }
            });
            code.invokestatic(ClassDesc.of("jot.tensor.VectorWeights"), "some", type);
        };
        assertEquals(expected, rules(type("jot.tensor.VectorKernels", call)).vectorsHandedOver().size());
    }

    @Test
    void refusesTheCommonPool() {
        Consumer<CodeBuilder> parallel = code -> code.aconst_null().invokeinterface(
            ClassDesc.of("java.util.List"), "parallelStream", MethodTypeDesc.ofDescriptor("()Ljava/util/stream/Stream;")).pop();
        assertEquals(1, rules(type("jot.loading.ModelLoader", parallel)).commonPool().size());
    }

    @Test
    void refusesTextThatDependsOnTheCountry() {
        Consumer<CodeBuilder> lower = code -> code.ldc("I").invokevirtual(
            ConstantDescs.CD_String, "toLowerCase", MethodTypeDesc.ofDescriptor("()Ljava/lang/String;")).pop();
        Consumer<CodeBuilder> rootLower = code -> code.ldc("I").aconst_null().invokevirtual(
            ConstantDescs.CD_String, "toLowerCase", MethodTypeDesc.ofDescriptor("(Ljava/util/Locale;)Ljava/lang/String;")).pop();
        assertEquals(1, rules(type("jot.json.Json", lower)).localeDependence().size());
        assertEquals(List.of(), rules(type("jot.json.Json", rootLower)).localeDependence());
    }

    @ParameterizedTest
    @CsvSource({"25, 0", "26, 1"})
    void refusesCrowdedPackages(int types, int expected) {
        CompiledClass[] crowd = IntStream.range(0, types).mapToObj(i -> type("jot.json.T" + i, _ -> { })).toArray(CompiledClass[]::new);
        assertEquals(expected, rules(crowd).crowdedPackages().size());
    }

    @Test
    void nestedTypesDoNotCrowdAPackage() {
        CompiledClass[] crowd = IntStream.range(0, 40).mapToObj(i -> type("jot.json.T$" + i, _ -> { })).toArray(CompiledClass[]::new);
        assertEquals(List.of(), rules(crowd).crowdedPackages());
    }

    @ParameterizedTest
    @ValueSource(strings = {"StringUtil", "StringUtils", "CacheManager", "KernelsImpl", "TestHelper", "Model$LoadHelper"})
    void refusesEmptyNames(String name) {
        assertEquals(List.of("jot.model." + name), rules(type("jot.model." + name, _ -> { })).emptyNames());
    }

    @ParameterizedTest
    @CsvSource({"jot.json.Json, PUBLIC, 1", "jot.json.Json, PROTECTED, 1", "jot.json.Json, PRIVATE, 0", "jot.Gpt, PUBLIC, 0",
        "jot.Hidden, PUBLIC, 1", "jot.Gpt$Open, PUBLIC, 0", "jot.Gpt$Closed, PUBLIC, 1"})
    void theApiShowsNoHiddenType(String shown, AccessFlag access, int expected) {
        ClassDesc type = ClassDesc.of(shown);
        for (Consumer<ClassBuilder> member : List.<Consumer<ClassBuilder>>of(
                user -> user.withField("member", type.arrayType(), access.mask()),
                user -> user.withMethod("of", MethodTypeDesc.of(ConstantDescs.CD_void, type), access.mask() | NATIVE, _ -> { }),
                user -> user.withMethod("run", ConstantDescs.MTD_void, access.mask() | NATIVE, method -> method.with(
                    ExceptionsAttribute.ofSymbols(type))),
                user -> user.withField("generic", ConstantDescs.CD_List, field -> field.withFlags(access.mask())
                    .with(SignatureAttribute.of(Signature.parseFrom("Ljava/util/List<L" + shown.replace('.', '/') + ";>;")))))) {
            HouseRules rules = rules(api("jot.Gpt", member), api("jot.json.Json", _ -> { }), nested("jot.Gpt", "Open", AccessFlag.PUBLIC),
                nested("jot.Gpt", "Closed", AccessFlag.PRIVATE), api("jot.Hidden", closed -> closed.withFlags(0)));
            assertEquals(expected == 0 ? List.of() : List.of("jot.Gpt shows " + shown), rules.hiddenTypes(Set.of("jot")));
        }
    }

    @Test
    void theApiHasNoHiddenSupertype() {
        CompiledClass extending = api("jot.Gpt", type -> type.withSuperclass(ClassDesc.of("jot.json.Json")));
        CompiledClass implementing = api("jot.Gpt", type -> type.withInterfaceSymbols(ClassDesc.of("jot.json.Json")));
        for (CompiledClass type : List.of(extending, implementing)) {
            assertEquals(List.of("jot.Gpt shows jot.json.Json"), rules(type, api("jot.json.Json", _ -> { })).hiddenTypes(Set.of("jot")));
            assertEquals(List.of(), rules(type, api("jot.json.Json", _ -> { })).hiddenTypes(Set.of("jot", "jot.json")));
        }
    }

    @Test
    void aCleanClassBreaksNothing() {
        CompiledClass clean = calls("jot.model.Attention", "jot.tensor.Kernels");
        assertFalse(clean.types().isEmpty());
        assertEquals(List.of(), rules(clean).breaches());
        assertEquals(3, rules(calls("jot.json.JsonUtil", "jot.cli.Main"), calls("jot.cli.Main", "jot.json.JsonUtil")).breaches().size());
    }

    private static HouseRules rules(CompiledClass... classes) {
        return new HouseRules(Layers.OF_JOT, List.of(classes));
    }

    private static CompiledClass calls(String user, String used) {
        return type(user, code -> code.invokestatic(ClassDesc.of(used), "run", ConstantDescs.MTD_void));
    }

    private static CompiledClass api(String name, Consumer<ClassBuilder> members) {
        return CompiledClass.parse(ClassFile.of().build(ClassDesc.of(name), type -> {
            type.withFlags(ClassFile.ACC_PUBLIC);
            members.accept(type);
        }));
    }

    private static CompiledClass nested(String outer, String name, AccessFlag access) {
        ClassDesc nested = ClassDesc.of(outer).nested(name);
        return CompiledClass.parse(ClassFile.of().build(nested, type -> type.with(InnerClassesAttribute.of(
            InnerClassInfo.of(nested, Optional.of(ClassDesc.of(outer)), Optional.of(name), access.mask())))));
    }

    private static CompiledClass type(String name, Consumer<CodeBuilder> body) {
        return CompiledClass.parse(ClassFile.of().build(ClassDesc.of(name), type ->
            type.withMethodBody("run", ConstantDescs.MTD_void, ClassFile.ACC_STATIC, code -> {
                body.accept(code);
                code.return_();
            })));
    }
}
